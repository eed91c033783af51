//! The notation of the tests: a few words for what was answered about a secret.

use jiff::{SignedDuration, Timestamp};
use rotation::Strategy;
use staging_labels::{CurrentMoves, Label, Labels, Step, VersionId};

use super::*;
use crate::log::{Did, End, Entry, Event};

/// The secret as the person typed it.
pub(super) const NAMES: Names<'static> = Names {
    secret: "orders/db",
    flags: &[],
};
const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:rotate";

pub(super) fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

pub(super) fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

impl Secret {
    /// A secret whose rotation is on, every 30 days. It has one value, of unknown age.
    pub(crate) fn rotated(name: &str) -> Self {
        let mut labels = Labels::default();
        labels.attach(VersionId::stored("v1"), [Label::Current]);
        Self {
            name: name.to_owned(),
            arn: format!("arn:aws:secretsmanager:us-east-1:111111111111:secret:{name}-AbCdEf"),
            enabled: Some(true),
            function: Some(FUNCTION.to_owned()),
            interval: Some(SignedDuration::from_hours(720)),
            next: None,
            last_rotated: None,
            created: None,
            changed: None,
            deleted: None,
            primary_region: None,
            owning_service: None,
            key: None,
            labels,
            tags: rotation::Tags::new(),
        }
    }
}

/// Answers about a secret of which all is well, but for what a test changes.
pub(super) struct Given(pub(super) Answers);

impl Given {
    /// `v1:C v2:P`: who carries which label, oldest first, an hour apart, the last made an hour ago. All have a value.
    pub(super) fn of(notation: &str) -> Self {
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
                next: Some(now() + SignedDuration::from_hours(700)),
                last_rotated: Some(hours_ago(0)),
                created: Some(hours_ago(10_000)),
                changed: Some(hours_ago(1)),
                labels,
                ..Secret::rotated("orders/db")
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
    pub(super) fn pending() -> Self {
        Self::of("v1:C v2:P").secret(|secret| secret.last_rotated = Some(hours_ago(700)))
    }

    pub(super) fn secret(mut self, change: impl FnOnce(&mut Secret)) -> Self {
        if let Answer::Said(Some(secret)) = &mut self.0.secret {
            change(secret);
        }
        self
    }

    pub(super) fn off(self) -> Self {
        self.secret(|secret| secret.enabled = Some(false))
    }

    pub(super) fn function(mut self, change: impl FnOnce(&mut FunctionState)) -> Self {
        if let Answer::Said(Function::There(state)) = &mut self.0.function {
            change(state);
        }
        self
    }

    pub(super) fn gone(mut self) -> Self {
        self.0.function = Answer::Said(Function::Gone);
        self
    }

    pub(super) fn without_value(mut self, id: &str) -> Self {
        if let Answer::Said(versions) = &mut self.0.versions {
            versions.retain(|version| version.id.as_str() != id);
        }
        self
    }

    /// `create ok, set LoginRefused, timeout`: a line a minute, the first an hour ago.
    pub(super) fn log(mut self, notation: &str) -> Self {
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
            None => Event::ModuleMissing("no module named 'pg'".to_owned()),
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

    pub(super) fn moves(self, order: CurrentMoves) -> Self {
        self.function(|state| state.moves = Some(order))
    }

    pub(super) fn logins(mut self, current: LoginAnswer, pending: LoginAnswer) -> Self {
        self.0.logins = Logins {
            current: Answer::Said(current),
            pending: Answer::Said(pending),
            same_place: Some(true),
            strategy: None,
        };
        self
    }

    /// By somebody who is not the function's role.
    pub(super) fn stored_by_a_person(self) -> Self {
        let mut given = self.function(|state| state.role = Some("arn:aws:iam::1:role/rotate".to_owned()));
        let secret = given.0.secret.said().and_then(Option::as_ref);
        let pending = secret.and_then(|secret| Some(secret.pending()?.as_str().to_owned()));
        let put = event("PutSecretValue", 0, Some("arn:aws:iam::1:user/me"), None);
        given.0.events = Answer::Said(vec![TrailEvent {
            version: pending,
            ..put
        }]);
        given
    }

    pub(super) fn diagnosis(&self) -> Diagnosis {
        diagnose(&self.0, NAMES, now())
    }

    #[track_caller]
    pub(super) fn check(self, state: State, works: &str) -> Diagnosis {
        let diagnosis = self.diagnosis();
        assert_eq!(
            (diagnosis.state, diagnosis.logins.word()),
            (state, works),
            "{diagnosis:#?}"
        );
        diagnosis
    }
}

pub(super) fn refused() -> LoginAnswer {
    LoginAnswer::Refused("28P01".to_owned())
}

pub(super) fn first_command(diagnosis: &Diagnosis) -> &str {
    let mut commands = diagnosis
        .actions
        .iter()
        .filter_map(|action| action.command.as_deref());
    commands.next().unwrap_or_default()
}

pub(super) fn commands(diagnosis: &Diagnosis) -> String {
    let all = diagnosis
        .actions
        .iter()
        .filter_map(|action| action.command.clone());
    all.collect::<Vec<_>>().join("\n")
}

pub(super) fn event(name: &str, minutes_ago: i64, by: Option<&str>, message: Option<&str>) -> TrailEvent {
    TrailEvent {
        at: now() - SignedDuration::from_mins(minutes_ago),
        name: name.to_owned(),
        by: by.map(str::to_owned),
        message: message.map(str::to_owned),
        version: None,
    }
}

/// A rotation of which the last sign is 20 seconds old.
pub(super) fn young(mut given: Given) -> Given {
    if let Answer::Said(versions) = &mut given.0.versions {
        for version in versions {
            version.created = Some(now() - SignedDuration::from_secs(20));
        }
    }
    given
}
