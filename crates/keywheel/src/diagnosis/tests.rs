//! The table of states: a few words for the answers, and what they mean together.

use jiff::{SignedDuration, Timestamp};
use rotation::Strategy;
use staging_labels::{CurrentMoves, Label, Labels, Step, VersionId};
use strum::VariantArray as _;

use super::*;
use crate::log::{Did, End, Entry, Event};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:rotate";

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

/// Answers about a secret of which all is well, but for what a test changes.
struct Case(Answers);

impl Case {
    /// `v1:C v2:P`: who carries which label, oldest first, an hour apart, the last made an hour ago. All have a value.
    fn of(notation: &str) -> Self {
        let versions: Vec<(&str, &str)> = notation
            .split(' ')
            .map(|version| version.split_once(':').unwrap())
            .collect();
        let name = |letter| match letter {
            'C' => Label::Current,
            'P' => Label::Pending,
            'O' => Label::Previous,
            other => panic!("{other}"),
        };
        let mut labels = Labels::default();
        for (id, letters) in versions.iter().filter(|(_, letters)| !letters.is_empty()) {
            labels.attach(VersionId::stored(*id), letters.chars().map(name));
        }
        let count = i64::try_from(versions.len()).unwrap();
        let list = versions.iter().zip(0..).map(|((id, letters), index)| Version {
            id: VersionId::stored(*id),
            created: Some(hours_ago(count - index)),
            labelled: !letters.is_empty(),
        });
        Self(Answers {
            versions: Answer::Said(list.collect()),
            secret: Answer::Said(Some(Secret {
                name: "orders/db".to_owned(),
                arn: "arn:aws:secretsmanager:us-east-1:111111111111:secret:orders/db-AbCdEf".to_owned(),
                enabled: Some(true),
                function: Some(FUNCTION.to_owned()),
                interval: Some(SignedDuration::from_hours(720)),
                next: Some(now() + SignedDuration::from_hours(700)),
                last_rotated: Some(hours_ago(0)),
                created: Some(hours_ago(10_000)),
                changed: Some(hours_ago(1)),
                deleted: None,
                primary_region: None,
                owning_service: None,
                key: None,
                labels,
                tags: rotation::Tags::new(),
            })),
            function: Answer::Said(Function::There(FunctionState {
                state: "Active".to_owned(),
                timeout: 30,
                ..FunctionState::default()
            })),
            permission: Answer::Said(Permission::Granted),
            concurrency: Answer::Said(None),
            logins: Logins::none(&Unasked::Flag("--login")),
            ..Answers::none("us-east-1")
        })
    }

    /// A rotation to `v2` that has not finished.
    fn pending() -> Self {
        Self::of("v1:C v2:P").secret(|secret| secret.last_rotated = Some(hours_ago(700)))
    }

    fn secret(mut self, change: impl FnOnce(&mut Secret)) -> Self {
        if let Answer::Said(Some(secret)) = &mut self.0.secret {
            change(secret);
        }
        self
    }

    fn off(self) -> Self {
        self.secret(|secret| secret.enabled = Some(false))
    }

    fn function(mut self, change: impl FnOnce(&mut FunctionState)) -> Self {
        if let Answer::Said(Function::There(state)) = &mut self.0.function {
            change(state);
        }
        self
    }

    fn gone(mut self) -> Self {
        self.0.function = Answer::Said(Function::Gone);
        self
    }

    fn without_value(mut self, id: &str) -> Self {
        if let Answer::Said(versions) = &mut self.0.versions {
            versions.retain(|version| version.id.as_str() != id);
        }
        self
    }

    /// `create ok, set LoginRefused, timeout`: a line a minute, the first an hour ago.
    fn log(mut self, notation: &str) -> Self {
        let step = |name: &str| match name {
            "create" => Step::Create,
            "set" => Step::Set,
            "test" => Step::Test,
            "finish" => Step::Finish,
            other => panic!("{other}"),
        };
        let end = |text: &str| match text {
            "ok" => End::Succeeded(Did::Other),
            "applied" | "one" | "other" => End::Succeeded(Did::Applied),
            "switched" => End::Succeeded(Did::Switched),
            code => End::Failed {
                code: code.to_owned(),
                message: None,
            },
        };
        let event = |text: &str| match text.split_once(' ') {
            Some((name, text)) => Event::Step {
                step: step(name),
                end: end(text),
                milliseconds: None,
            },
            None if text == "timeout" => Event::TimedOut,
            None => Event::ModuleMissing,
        };
        // AWS's templates say it there alone.
        let strategy = |text: &str| match text.split_once(' ')?.1 {
            "one" => Some(Strategy::SingleUser),
            "other" => Some(Strategy::AlternatingUsers),
            _ => None,
        };
        let lines = notation.split(", ").filter(|text| !text.is_empty());
        let entries = lines.zip(0..).map(|(text, minute)| Entry {
            at: hours_ago(1) + SignedDuration::from_mins(minute),
            version: None,
            strategy: strategy(text),
            event: event(text),
        });
        self.0.log = Answer::Said(entries.collect());
        self
    }

    fn moves(self, order: CurrentMoves) -> Self {
        self.function(|state| state.moves = Some(order))
    }

    fn logins(mut self, current: LoginAnswer, pending: LoginAnswer) -> Self {
        self.0.logins = Logins {
            current: Answer::Said(current),
            pending: Answer::Said(pending),
            same_place: Some(true),
            strategy: None,
        };
        self
    }

    fn diagnosis(&self) -> Diagnosis {
        let names = Names {
            secret: "orders/db",
            flags: &[],
        };
        diagnose(&self.0, names, now())
    }

    #[track_caller]
    fn check(self, state: State, works: &str) -> Diagnosis {
        let diagnosis = self.diagnosis();
        assert_eq!(
            (diagnosis.state, diagnosis.logins.word()),
            (state, works),
            "{diagnosis:#?}"
        );
        diagnosis
    }
}

fn refused() -> LoginAnswer {
    LoginAnswer::Refused("28P01".to_owned())
}

fn first_command(diagnosis: &Diagnosis) -> &str {
    let mut commands = diagnosis
        .actions
        .iter()
        .filter_map(|action| action.command.as_deref());
    commands.next().unwrap_or_default()
}

fn commands(diagnosis: &Diagnosis) -> String {
    let all = diagnosis
        .actions
        .iter()
        .filter_map(|action| action.command.clone());
    all.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_finished_rotation_is_well() {
    let diagnosis = Case::of("v1:O v2:CP").check(State::Finished, "yes");
    assert_eq!(diagnosis.word, Word::Well);
    assert!(diagnosis.actions.is_empty() && diagnosis.never.is_empty());
    Case::of("v1:C").check(State::Finished, "not known");
}

#[test]
fn a_rotation_that_left_awspending_nowhere_is_as_well_finished() {
    let rotated = || Case::of("v1:O v2:C");
    rotated().check(State::Finished, "yes");
    let by_hand = rotated().secret(|secret| secret.last_rotated = Some(hours_ago(24)));
    by_hand.check(State::Finished, "not known");
    Case::of("v1:C v2:O").check(State::Finished, "not known");
}

/// Each of these cost a person on call a wrong turn.
#[test]
fn what_has_been_done_is_not_asked_for_again_and_what_has_not_is() {
    // One refused login more does not make a log less clear that says that both were refused.
    let mut both = Case::pending().log("create ok, set LoginRefused");
    both.0.logins.current = Answer::Said(refused());
    both.0.logins.pending = Answer::NotAsked(Unasked::OneRefused);
    let diagnosis = both.check(State::PendingBeforeSet, "no");
    assert!(commands(&diagnosis).contains("get-secret-value"));
    // Somebody has set the password since.
    let mut mended = Case::pending().log("create ok, set LoginRefused");
    mended.0.logins.current = Answer::Said(LoginAnswer::Accepted);
    mended.0.logins.pending = Answer::Said(LoginAnswer::Outdated);
    let diagnosis = mended.check(State::PendingBeforeSet, "yes");
    assert_eq!(first_command(&diagnosis), "keywheel rotate orders/db");
    // AWSCURRENT was moved by hand; whatever made finishSecret fail will lock applications out again.
    let off = Case::of("v1:O v2:C")
        .off()
        .log("create ok, set applied, test ok, finish PermissionDenied");
    let diagnosis = off.diagnosis();
    assert_eq!(diagnosis.state, State::SwitchedOff);
    assert_eq!(first_command(&diagnosis), "keywheel explain PermissionDenied");
}

#[test]
fn applications_that_are_locked_out_come_first() {
    let log = "create ok, set applied, test ok, finish PermissionDenied";
    let case = Case::pending().moves(CurrentMoves::InFinishSecret).log(log);
    let diagnosis = case.check(State::PendingAfterSet, "no");
    let all = commands(&diagnosis);
    let places = [
        "AWSCURRENT --move-to",
        "explain PermissionDenied",
        "keywheel rotate",
    ]
    .map(|part| all.find(part));
    assert!(places.is_sorted() && places[0].is_some(), "{all}");
}

#[test]
fn what_cannot_be_rotated_is_said_first() {
    Case::of("v1:C v2:P")
        .secret(|secret| secret.deleted = Some(now()))
        .check(State::MarkedForDeletion, "not known");
    Case::of("v1:C")
        .secret(|secret| secret.primary_region = Some("eu-west-1".to_owned()))
        .check(State::Replica, "not known");
    let own = Case::of("v1:CP").secret(|secret| secret.primary_region = Some("us-east-1".to_owned()));
    own.check(State::Finished, "yes");
    Case::of("v1:C")
        .secret(|secret| secret.owning_service = Some("rds".to_owned()))
        .check(State::Managed, "not known");
    Case::of("v1:P").check(State::NoValue, "not known");
    let never = Case::of("v1:C").secret(|secret| {
        secret.enabled = None;
        secret.function = None;
    });
    never.check(State::NeverConfigured, "not known");
    Case::of("v1:O v2:CP").off().check(State::SwitchedOff, "yes");
    let mut nowhere = Case::of("v1:C");
    nowhere.0.secret = Answer::Said(None);
    assert_eq!(nowhere.diagnosis().state, State::NotFound);
    nowhere.0.secret = Answer::NotAsked(Unasked::Needs("secretsmanager:DescribeSecret"));
    assert_eq!(nowhere.diagnosis().state, State::NotAnswered);
}

#[test]
fn the_function_can_be_in_the_way() {
    let diagnosis = Case::of("v1:CP").gone().check(State::FunctionGone, "yes");
    assert!(first_command(&diagnosis).contains("--rotation-lambda-arn \"$FUNCTION_ARN\""));
    let mut case = Case::of("v1:CP");
    case.0.permission = Answer::Said(Permission::OtherAccount("2".to_owned()));
    let diagnosis = case.check(State::NotInvocable, "yes");
    assert!(first_command(&diagnosis).ends_with("--source-account 111111111111"));
    Case::of("v1:CP")
        .function(|state| state.state = "Inactive".to_owned())
        .check(State::FunctionAsleep, "yes");
    Case::of("v1:CP")
        .function(|state| state.update_failed = true)
        .check(State::FunctionBroken, "yes");
    let mut case = Case::of("v1:CP");
    case.0.concurrency = Answer::Said(Some(1));
    case.check(State::TooLittleConcurrency, "yes");
}

#[test]
fn a_rotation_is_overdue_a_day_after_its_time() {
    let late = |hours| {
        Case::of("v1:CP").secret(move |secret| {
            secret.next = None;
            secret.last_rotated = Some(hours_ago(hours));
        })
    };
    let with_old_version = |mut case: Case| {
        if let Answer::Said(versions) = &mut case.0.versions {
            versions[0].created = Some(hours_ago(2000));
        }
        case
    };
    with_old_version(late(740)).check(State::Finished, "yes");
    with_old_version(late(745)).check(State::Overdue, "yes");
}

#[test]
fn an_empty_version_never_reached_the_database() {
    let diagnosis = Case::pending()
        .without_value("v2")
        .log("create PermissionDenied")
        .check(State::PendingEmpty, "yes");
    assert_eq!(diagnosis.cause, Some(Cause::RoleMayNot));
    assert!(commands(&diagnosis).contains("keywheel explain PermissionDenied"));
    assert!(commands(&diagnosis).contains("--remove-from-version-id v2"));
    let old = Case::pending()
        .without_value("v2")
        .check(State::PendingEmpty, "yes");
    assert_eq!(old.cause, None);
}

#[test]
fn a_set_secret_that_changed_nothing_leaves_awscurrent() {
    let diagnosis = Case::pending()
        .log("create ok, set HostUnreachable, create ok, set HostUnreachable")
        .check(State::PendingBeforeSet, "yes");
    assert_eq!(diagnosis.cause, Some(Cause::NoWayToDatabase));
    assert!(diagnosis.never.is_empty());
}

#[test]
fn a_set_secret_that_may_have_ended_unheard_leaves_a_doubt() {
    for log in [
        "",
        "create ok",
        "create ok, create ok, set HostUnreachable",
        "create ok, set ConnectionLost",
        "create ok, set ConnectionLost, create ok, set HostUnreachable",
        "create ok, timeout",
        "timeout",
        // The log's level leaves out what succeeded.
        "finish PermissionDenied",
        "set HostUnreachable",
        "set SomethingNew",
    ] {
        let diagnosis = Case::pending().log(log).check(State::PendingUnclear, "not known");
        let first = diagnosis
            .actions
            .iter()
            .filter_map(|action| action.command.as_deref());
        let mut first =
            first.filter(|command| !command.contains(" explain ") && !command.contains("--timeout"));
        assert_eq!(first.next(), Some("keywheel doctor orders/db --login"), "{log}");
        assert!(!commands(&diagnosis).contains("AWSPENDING --remove"), "{log}");
        assert_eq!(diagnosis.never.len(), 1, "{log}");
    }
    let mut silent = Case::pending();
    silent.0.log = Answer::NotAsked(Unasked::Needs("logs:FilterLogEvents"));
    silent.check(State::PendingUnclear, "not known");
}

#[test]
fn a_time_limit_is_raised_and_never_lowered() {
    for (limit, raised) in [
        (3, Some(60)),
        (30, Some(60)),
        (60, Some(120)),
        (600, Some(900)),
        (900, None),
    ] {
        let case = Case::pending()
            .log("timeout")
            .function(|state| state.timeout = limit);
        let commands = commands(&case.check(State::PendingUnclear, "not known"));
        match raised {
            Some(seconds) => assert!(
                commands.contains(&format!("--timeout {seconds} ")),
                "{limit}: {commands}"
            ),
            None => assert!(!commands.contains("--timeout"), "{commands}"),
        }
    }
}

#[test]
fn after_set_secret_the_order_says_who_can_log_in() {
    let log = "create ok, set applied, test ok, finish PermissionDenied";
    let classic = Case::pending()
        .moves(CurrentMoves::InFinishSecret)
        .log(log)
        .check(State::PendingAfterSet, "no");
    assert!(classic.never[0].starts_with("take AWSPENDING off"));
    assert!(
        !commands(&classic).contains("AWSPENDING"),
        "{}",
        commands(&classic)
    );
    assert!(commands(&classic).contains("--move-to-version-id v2 --remove-from-version-id v1"));
    // Alternating users, an API key, or a switch that kept to the old order: the log does not tell which.
    Case::pending()
        .log(log)
        .check(State::PendingAfterSet, "not known");
    Case::pending()
        .moves(CurrentMoves::InSetSecret)
        .log(log)
        .check(State::PendingAfterSet, "not known");
    Case::pending()
        .log("create ok, set one, test ok")
        .check(State::PendingAfterSet, "no");
    let other = Case::pending()
        .log("create ok, set other")
        .check(State::PendingAfterSet, "yes");
    assert!(other.never.is_empty());
}

/// Keywheel's functions say whose password they change in every line.
#[test]
fn what_the_function_says_of_itself_makes_the_verdict_definite() {
    let by = |strategy| {
        move |case: Case| {
            let mut case = case;
            if let Answer::Said(entries) = &mut case.0.log {
                for entry in entries {
                    entry.strategy = Some(strategy);
                }
            }
            case
        }
    };
    let (one, two) = (by(Strategy::SingleUser), by(Strategy::AlternatingUsers));
    let log = "create ok, set applied, test ok, finish PermissionDenied";
    let locked_out = one(Case::pending().log(log)).check(State::PendingAfterSet, "no");
    assert!(locked_out.never[0].ends_with("it is the only password"));
    // Whatever the setting says now: it may have been changed since.
    let moved = Case::pending().moves(CurrentMoves::InSetSecret).log(log);
    one(moved).check(State::PendingAfterSet, "no");
    for (log, state) in [
        (log, State::PendingAfterSet),
        ("create ok, timeout", State::PendingUnclear),
        ("create ok, set HostUnreachable", State::PendingBeforeSet),
    ] {
        let diagnosis = two(Case::pending().log(log)).check(state, "yes");
        assert!(diagnosis.never.is_empty(), "{diagnosis:#?}");
        assert!(!commands(&diagnosis).contains("--login"), "{diagnosis:#?}");
        let lines = diagnosis.reasons.iter();
        assert_eq!(lines.filter(|line| line.topic == "strategy").count(), 1);
        two(Case::pending().off().log(log)).check(
            if state == State::PendingBeforeSet {
                State::SwitchedOff
            } else {
                State::CancelledMidway
            },
            "yes",
        );
    }
    let lost = two(Case::of("v1:C v2:")
        .secret(|secret| secret.last_rotated = Some(hours_ago(700)))
        .log(log));
    let lost = lost.check(State::Abandoned, "yes");
    assert!(
        lost.never.is_empty() && !lost.summary.contains("may have"),
        "{lost:#?}"
    );
    // AWSCURRENT was refused all the same: that counts.
    two(Case::pending().log("create ok, set CurrentRefused")).check(State::PendingBeforeSet, "no");
    // Two functions in one log: nobody knows.
    let mut both = one(Case::pending().log(log));
    if let Answer::Said(entries) = &mut both.0.log {
        entries[0].strategy = Some(Strategy::AlternatingUsers);
    }
    both.check(State::PendingAfterSet, "not known");
}

/// Of a function that does not say it, such as one of AWS's templates, the values do.
#[test]
fn the_users_of_the_values_say_it_too() {
    let case = |strategy| {
        let mut case = Case::pending().log("create ok, set applied");
        case.0.logins.strategy = Some(strategy);
        case
    };
    case(Strategy::AlternatingUsers).check(State::PendingAfterSet, "yes");
    case(Strategy::SingleUser).check(State::PendingAfterSet, "no");
}

#[test]
fn a_switch_that_died_between_the_move_and_the_commit_is_no_success() {
    let stale = |case: Case| case.secret(|secret| secret.last_rotated = Some(hours_ago(700)));
    let diagnosis = stale(Case::of("v1:O v2:CP"))
        .log("create ok")
        .check(State::SwitchUnconfirmed, "not known");
    assert_eq!(first_command(&diagnosis), "keywheel rotate orders/db");
    let refused = stale(Case::of("v1:O v2:CP"))
        .log("create ok, set switched, create ok, set CurrentRefused")
        .check(State::SwitchUnconfirmed, "no");
    assert_eq!(refused.code.as_deref(), Some("CurrentRefused"));
    stale(Case::of("v1:O v2:CP"))
        .logins(LoginAnswer::Accepted, LoginAnswer::Outdated)
        .check(State::Finished, "yes");
}

#[test]
fn a_login_decides_whatever_the_log_says() {
    for log in ["", "create ok, set applied", "create ok, set HostUnreachable"] {
        let after = Case::pending()
            .log(log)
            .logins(LoginAnswer::Outdated, LoginAnswer::Accepted)
            .check(State::PendingAfterSet, "no");
        assert!(!commands(&after).contains("AWSPENDING"), "{log}");
        Case::pending()
            .log(log)
            .logins(LoginAnswer::Accepted, LoginAnswer::Outdated)
            .check(State::PendingBeforeSet, "yes");
    }
    let mut one = Case::pending();
    one.0.logins.current = Answer::Said(refused());
    one.0.logins.pending = Answer::NotAsked(Unasked::OneRefused);
    let diagnosis = one.check(State::PendingUnclear, "no");
    assert_eq!(
        first_command(&diagnosis),
        "keywheel doctor orders/db --login=AWSPENDING"
    );
}

#[test]
fn nobody_logs_in() {
    let diagnosis = Case::pending()
        .log("create ok, set LoginRefused")
        .check(State::PendingBeforeSet, "no");
    assert_eq!(diagnosis.cause, Some(Cause::CredentialWrong));
    assert!(diagnosis.actions[0].text.contains("\\password"));
    let mut case = Case::of("v1:CP");
    case.0.logins.current = Answer::Said(refused());
    case.check(State::CurrentRefused, "no");
}

#[test]
fn a_rotation_that_was_switched_off_depends_on_how_far_it_got() {
    let empty = Case::pending()
        .off()
        .without_value("v2")
        .check(State::SwitchedOff, "yes");
    assert!(first_command(&empty).contains("--remove-from-version-id v2"));
    Case::pending()
        .off()
        .log("create ok, set HostUnreachable")
        .check(State::SwitchedOff, "yes");
    let unknown = Case::pending()
        .off()
        .log("create ok")
        .check(State::CancelledMidway, "not known");
    assert_eq!(first_command(&unknown), "keywheel doctor orders/db --login");
    let after = Case::pending()
        .off()
        .logins(LoginAnswer::Outdated, LoginAnswer::Accepted)
        .check(State::CancelledMidway, "no");
    assert!(first_command(&after).contains("--version-stage AWSCURRENT --move-to-version-id v2"));
    assert!(!commands(&after).contains("AWSPENDING"));
}

#[test]
fn a_version_that_lost_its_label_may_have_the_password() {
    // v1 was current, v2 was pending, v3 was written by hand.
    let abandoned = || Case::of("v1:O v2: v3:C").secret(|secret| secret.last_rotated = Some(hours_ago(700)));
    let diagnosis = abandoned()
        .log("create ok, set applied, create VersionUnknown")
        .check(State::Abandoned, "not known");
    assert_eq!(first_command(&diagnosis), "keywheel rotate orders/db");
    let refused = abandoned()
        .logins(refused(), LoginAnswer::Accepted)
        .check(State::Abandoned, "no");
    assert!(commands(&refused).contains("--move-to-version-id v2 --remove-from-version-id v3"));
    abandoned()
        .logins(LoginAnswer::Accepted, LoginAnswer::Outdated)
        .check(State::Finished, "yes");
    // After a success it is history.
    Case::of("v1: v2:O v3:CP").check(State::Finished, "yes");
}

#[test]
fn a_value_that_was_never_in_use_is_nothing_to_look_for() {
    // v1 is current; v2 lost AWSPENDING.
    let released = || Case::of("v1:C v2:").secret(|secret| secret.last_rotated = Some(hours_ago(700)));
    let diagnosis = released()
        .log("create ok, set PasswordRejected, create VersionUnknown")
        .check(State::GivenUp, "yes");
    assert!(commands(&diagnosis).ends_with("keywheel rotate orders/db"));
    assert!(diagnosis.never.is_empty());
    released()
        .log("create ok, set applied")
        .check(State::Abandoned, "not known");
    released().log("create ok").check(State::Abandoned, "not known");
    // A value that was written by hand meanwhile may be any.
    Case::of("v1:O v2: v3:C")
        .secret(|secret| secret.last_rotated = Some(hours_ago(700)))
        .log("create ok, set PasswordRejected")
        .check(State::Abandoned, "not known");
}

#[test]
fn the_pending_value_can_be_of_another_server() {
    let mut case = Case::pending().log("create ok, set HostUnreachable");
    case.0.logins.same_place = Some(false);
    let diagnosis = case.check(State::PendingOtherAccount, "yes");
    assert_eq!(diagnosis.never, ["move AWSCURRENT to AWSPENDING's version"]);
    Case::pending()
        .log("create ok, set PendingNamesAnotherTarget")
        .check(State::PendingOtherAccount, "yes");
}

#[test]
fn a_young_rotation_is_under_way() {
    let young = |case: Case| {
        let mut case = case;
        if let Answer::Said(versions) = &mut case.0.versions {
            versions[1].created = Some(now() - SignedDuration::from_secs(20));
        }
        case
    };
    let diagnosis = young(Case::pending()).check(State::Running, "not known");
    assert_eq!(diagnosis.word, Word::Running);
    young(Case::pending())
        .log("create ok, set LoginRefused")
        .check(State::PendingBeforeSet, "no");
    young(Case::pending())
        .off()
        .check(State::CancelledMidway, "not known");
}

#[test]
fn with_a_function_that_is_gone_the_way_out_goes_by_the_labels() {
    let empty = Case::pending()
        .gone()
        .without_value("v2")
        .check(State::PendingEmpty, "yes");
    assert_eq!(empty.cause, Some(Cause::FunctionGone));
    let commands: Vec<_> = empty
        .actions
        .iter()
        .filter_map(|action| action.command.as_deref())
        .collect();
    assert!(commands[0].contains("--remove-from-version-id v2"));
    assert!(commands[1].contains("FUNCTION_ARN"));
    let after = Case::pending()
        .gone()
        .log("create ok, set one")
        .check(State::PendingAfterSet, "no");
    assert!(first_command(&after).contains("--move-to-version-id v2"));
}

/// Over every combination of a few answers each: no panic, and never advice that could lose the only password.
#[test]
fn no_combination_of_answers_gives_up_a_password_that_may_be_the_only_one() {
    let logins = [
        Answer::NotAsked(Unasked::Flag("--login")),
        Answer::Said(LoginAnswer::Accepted),
        Answer::Said(LoginAnswer::Outdated),
        Answer::Said(refused()),
    ];
    let logs = [
        None,
        Some(""),
        Some("create ok"),
        Some("create ok, set applied"),
        Some("create ok, set one"),
        Some("create ok, set HostUnreachable"),
        Some("create ok, set ConnectionLost"),
        Some("set LoginRefused"),
        Some("finish PermissionDenied"),
        Some("create ok, set switched"),
    ];
    let mut seen = 0;
    for labels in ["v1:C v2:P", "v1:O v2:CP", "v1:O v2: v3:C", "v1:C", "v1:P"] {
        for enabled in [Some(true), Some(false), None] {
            for gone in [false, true] {
                for order in [
                    None,
                    Some(CurrentMoves::InSetSecret),
                    Some(CurrentMoves::InFinishSecret),
                ] {
                    for log in logs {
                        for current in &logins {
                            for pending in &logins {
                                let mut case = Case::of(labels).secret(|secret| secret.enabled = enabled);
                                case = case.function(|state| state.moves = order);
                                case = if gone { case.gone() } else { case };
                                case = log.map_or_else(
                                    || Case(case.0.clone()),
                                    |log| Case(case.0.clone()).log(log),
                                );
                                case.0.logins.current = current.clone();
                                case.0.logins.pending = pending.clone();
                                hold(&case.diagnosis(), current, pending);
                                seen += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 5 * 3 * 2 * 3 * 10 * 16);
}

#[track_caller]
fn hold(diagnosis: &Diagnosis, current: &Answer<LoginAnswer>, pending: &Answer<LoginAnswer>) {
    let takes_off = |action: &&Action| {
        action
            .command
            .as_deref()
            .is_some_and(|command| command.contains("AWSPENDING --remove-from-version-id"))
    };
    let unpends = diagnosis.actions.iter().any(|action| takes_off(&action));
    let works = |answer: &Answer<LoginAnswer>| answer.said().map(LoginAnswer::works);
    if unpends {
        assert!(
            works(pending) != Some(true) || works(current) == Some(true),
            "{diagnosis:#?}"
        );
        assert!(
            diagnosis.logins.word() == "yes"
                || works(pending) == Some(false)
                || diagnosis.code.as_deref() == Some("LoginRefused"),
            "{diagnosis:#?}"
        );
    }
    let promotes = diagnosis.actions.iter().any(|action| {
        let command = action.command.as_deref().unwrap_or_default();
        command.contains("--move-to-version-id")
    });
    if promotes {
        assert_ne!(works(pending), Some(false), "{diagnosis:#?}");
    }
    if works(current) == Some(true) {
        assert_ne!(diagnosis.logins.word(), "no", "{diagnosis:#?}");
    }
    if diagnosis.word.needs_a_person() {
        assert!(!diagnosis.actions.is_empty(), "{diagnosis:#?}");
    }
}

#[test]
fn states_have_names_for_scripts() {
    let mut names: Vec<_> = State::VARIANTS.iter().map(|state| state.name()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(names.contains(&"pending-after-set"));
}

fn event(name: &str, minutes_ago: i64, by: Option<&str>, message: Option<&str>) -> TrailEvent {
    TrailEvent {
        at: now() - SignedDuration::from_mins(minutes_ago),
        name: name.to_owned(),
        by: by.map(str::to_owned),
        message: message.map(str::to_owned),
    }
}

#[test]
fn what_secrets_manager_gave_up_does_not_run_any_more() {
    let fresh = || {
        let mut case = Case::pending().log("");
        if let Answer::Said(versions) = &mut case.0.versions {
            for version in versions {
                version.created = Some(now() - SignedDuration::from_secs(20));
            }
        }
        case
    };
    fresh().check(State::Running, "not known");
    let mut ended = fresh();
    ended.0.events = Answer::Said(vec![event(
        "RotationFailed",
        0,
        None,
        Some("during setSecret step"),
    )]);
    let diagnosis = ended.check(State::PendingUnclear, "not known");
    let told = diagnosis
        .reasons
        .iter()
        .any(|reason| reason.topic == "events" && reason.text.contains("given up"));
    assert!(told, "{diagnosis:#?}");
}

#[test]
fn a_foreign_pending_value_is_known_by_the_event() {
    let mut case = Case::pending().log("create ok, set LoginRefused");
    case.0.events = Answer::Said(vec![event(
        "RotationFailed",
        1,
        None,
        Some("Pending secret version v2 was not created by Lambda rotate"),
    )]);
    assert_eq!(case.diagnosis().cause, Some(Cause::PendingForeign));
}

#[test]
fn another_writer_is_somebody_who_is_not_the_functions_role() {
    let own = "arn:aws:sts::111111111111:assumed-role/rotate/s";
    let other = "arn:aws:sts::111111111111:assumed-role/terraform/s";
    let told = |by: &str, role: Option<&str>| {
        let mut case = Case::pending()
            .function(|state| state.role = role.map(|name| format!("arn:aws:iam::1:role/{name}")));
        case.0.events = Answer::Said(vec![event("PutSecretValue", 1, Some(by), None)]);
        let diagnosis = case.diagnosis();
        diagnosis.reasons.iter().any(|reason| reason.text.contains(by))
    };
    assert!(told(other, Some("rotate")));
    assert!(!told(own, Some("rotate")));
    assert!(!told(other, None), "without the role nobody can be told apart");
}

#[test]
fn rights_and_keys_are_reasons() {
    let mut case = Case::pending().log("create ok, set PermissionDenied");
    case.0.role = Answer::Said(RoleCheck {
        denied: vec!["secretsmanager:PutSecretValue".to_owned()],
        secret_denies: Some(true),
    });
    case.0.key = Answer::Said("PendingDeletion".to_owned());
    let text = format!("{:?}", case.diagnosis().reasons);
    for words in [
        "do not allow secretsmanager:PutSecretValue",
        "own policy denies",
        "key is PendingDeletion",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn what_is_offered_to_fix_is_what_the_command_says() {
    let diagnosis = Case::pending()
        .logins(refused(), LoginAnswer::Accepted)
        .check(State::PendingAfterSet, "no");
    let names = Names {
        secret: "orders/db",
        flags: &[],
    };
    let offered: Vec<_> = diagnosis
        .actions
        .iter()
        .filter_map(|action| action.fix.as_ref())
        .collect();
    assert!(
        offered.iter().any(|fix| fix.name() == FixName::Promote),
        "{offered:?}"
    );
    for action in &diagnosis.actions {
        if let Some(fix) = &action.fix {
            assert_eq!(action.command.as_deref(), Some(names.command(fix).as_str()));
        }
    }
}

#[test]
fn a_secret_that_is_not_here_may_be_elsewhere() {
    let mut case = Case::of("v1:C");
    case.0.secret = Answer::Said(None);
    case.0.similar = vec!["orders/db".to_owned(), "orders/api".to_owned()];
    case.0.other_regions = vec!["eu-north-1".to_owned()];
    let flags = ["--region".to_owned(), "us-east-1".to_owned()];
    let diagnosed = |secret| {
        diagnose(
            &case.0,
            Names {
                secret,
                flags: &flags,
            },
            now(),
        )
    };
    assert!(commands(&diagnosed("orders")).contains("keywheel doctor orders/api --region us-east-1"));
    assert_eq!(
        first_command(&diagnosed("orders")),
        "keywheel doctor orders --region eu-north-1"
    );
    let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:orders/db-AbCdEf";
    assert_eq!(
        commands(&diagnosed(arn)),
        format!("keywheel doctor {arn} --region eu-west-1")
    );
}
