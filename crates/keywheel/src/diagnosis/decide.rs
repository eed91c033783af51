//! From all answers to one diagnosis.

use jiff::{SignedDuration, Timestamp};
use staging_labels::{Label, VersionId};

use super::actions::{Action, Fix, Names};
use super::answers::{Answer, Answers, Function, Secret, Version};
use super::cause::Cause;
use super::finding::{Diagnosis, State, Word, Works};
use super::labels::abandoned::abandoned;
use super::labels::{outlook, pending};
use super::repairs::{self, time_limit};
use super::schedule::Due;
use super::story::{Failure, Story};
use super::{function, reasons, trail};
use crate::words::names::short;

/// A rotation is taken to be under way for so long after its last sign of life, beside the function's time limit.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// The diagnosis of these answers.
pub(crate) fn diagnose(answers: &Answers, names: Names<'_>, now: Timestamp) -> Diagnosis {
    match &answers.secret {
        Answer::NotAsked(why) => Diagnosis {
            reasons: vec![reasons::not_asked("secret", why)],
            ..plain(
                Word::Unknown,
                State::NotAnswered,
                "the secret could not be looked at",
            )
        },
        Answer::Said(None) => Diagnosis {
            actions: elsewhere(answers, names),
            ..plain(
                Word::Unknown,
                State::NotFound,
                format!("there is no such secret in {}", answers.region),
            )
        },
        Answer::Said(Some(secret)) => {
            let story = answers.log.said().map(|entries| Story::new(entries.clone()));
            let network = answers.network.said();
            let network = network.map(|network| function::network::judge(network, answers.database.said()));
            Case {
                answers,
                secret,
                story: story.as_ref(),
                network: network.unwrap_or_default(),
                names,
                now,
            }
            .diagnose()
        }
    }
}

/// Where the secret may be.
fn elsewhere(answers: &Answers, names: Names<'_>) -> Vec<Action> {
    let of_arn = names.secret.strip_prefix("arn:");
    let region = of_arn.and_then(|rest| rest.split(':').nth(2));
    if let Some(region) = region.filter(|region| *region != answers.region) {
        let text = format!("The ARN is of {region}: ask there.");
        return vec![Action::run(text, names.in_region(region))];
    }
    let there = answers.other_regions.iter().map(|region| {
        let text = format!("A secret of this name is in {region}.");
        Action::run(text, names.in_region(region))
    });
    let similar = answers.similar.iter().map(|name| {
        let of_name = Names {
            secret: name,
            ..names
        };
        Action::run("This name begins so.", of_name.doctor())
    });
    let mut actions: Vec<Action> = there.chain(similar).collect();
    actions.push(Action::by_hand(
        "Check the name, the region and the account (keywheel status lists what is there).",
    ));
    actions
}

fn plain(word: Word, state: State, summary: impl Into<String>) -> Diagnosis {
    Diagnosis {
        word,
        state,
        cause: None,
        code: None,
        logins: Works::NotKnown("not asked"),
        summary: summary.into(),
        reasons: Vec::new(),
        actions: Vec::new(),
        never: Vec::new(),
    }
}

/// The same, with the failure that led there.
fn after(failure: Option<Failure<'_>>, diagnosis: Diagnosis) -> Diagnosis {
    Diagnosis {
        cause: failure.map(|failure| Cause::of(failure.code)),
        code: failure.map(|failure| failure.code.to_owned()),
        ..diagnosis
    }
}

struct Case<'a> {
    answers: &'a Answers,
    secret: &'a Secret,
    story: Option<&'a Story>,
    /// What the network's answers come to.
    network: Vec<function::network::Found>,
    names: Names<'a>,
    now: Timestamp,
}

impl Case<'_> {
    fn diagnose(&self) -> Diagnosis {
        let mut diagnosis = self
            .not_ours()
            .or_else(|| self.unfinished())
            .unwrap_or_else(|| self.at_rest());
        diagnosis.reasons = reasons::all(self.answers, self.secret, self.story, &self.network, self.now);
        diagnosis
    }

    /// What decides whatever else is the matter.
    fn not_ours(&self) -> Option<Diagnosis> {
        let secret = self.secret;
        let with = |word, state, summary: String, actions| Diagnosis {
            actions,
            ..plain(word, state, summary)
        };
        if secret.deleted.is_some() {
            let actions = vec![Action::fix("Take it back.", Fix::Restore, self.names)];
            let summary = "the secret is marked for deletion, and cannot be read".to_owned();
            return Some(with(Word::Off, State::MarkedForDeletion, summary, actions));
        }
        if let Some(region) = secret
            .primary_region
            .as_deref()
            .filter(|region| *region != secret.region())
        {
            let actions = vec![Action::run("Ask the primary.", self.names.in_region(region))];
            let summary = format!("this is a replica; the primary in {region} is rotated");
            return Some(with(Word::NotOurs, State::Replica, summary, actions));
        }
        if let Some(service) = &secret.owning_service {
            let summary = format!("{service} manages and rotates this secret");
            let mut diagnosis = with(Word::NotOurs, State::Managed, summary, Vec::new());
            diagnosis.never = vec!["write a value: the service would not know it"];
            return Some(diagnosis);
        }
        if secret.current().is_none() {
            let actions = vec![
                Action::run("Store a value that logs in, from a file.", self.names.put()),
                Action::run("Then rotate.", self.names.command(&Fix::Nudge)),
            ];
            let summary = "no version carries AWSCURRENT: the secret has no value yet".to_owned();
            return Some(with(Word::Broken, State::NoValue, summary, actions));
        }
        None
    }

    /// A version carries AWSPENDING and not AWSCURRENT.
    fn unfinished(&self) -> Option<Diagnosis> {
        let (pending, current) = self.secret.pending().zip(self.secret.current())?;
        let failure = self.story.and_then(Story::last_failure);
        let logins = outlook::with_pending(self.answers, self.story, pending);
        let unfinished = pending::Unfinished {
            pending,
            current,
            enabled: self.secret.enabled == Some(true),
            function_gone: self.answers.function.said() == Some(&Function::Gone),
            logins,
            pending_logs_in: self.answers.logins.pending_works() == Some(true),
        };
        let of_log = failure.map(|failure| Cause::of(failure.code));
        let cause = function::state::trouble(self.answers)
            .or_else(|| trail::cause(self.answers))
            .or(of_log);
        let gave_up = trail::gave_up(self.answers, self.story.and_then(Story::last_at)).is_some();
        let state = pending::state(self.answers, self.story, of_log, &unfinished);
        if unfinished.enabled && cause.is_none() && !gave_up && self.runs(pending) {
            return Some(Diagnosis {
                logins,
                ..plain(
                    Word::Running,
                    State::Running,
                    "a rotation is under way; ask again in a minute",
                )
            });
        }
        let mut actions = pending::actions(state, &unfinished, self.names);
        // Applications first, if they are known to be locked out and there is a way to let them in.
        let urgent = matches!(logins, Works::No(_)) && starts_with_promote(&actions);
        let repairs = self.repairs(cause, failure);
        actions.splice(usize::from(urgent)..usize::from(urgent), repairs);
        Some(Diagnosis {
            word: if state == State::SwitchedOff {
                Word::Off
            } else {
                Word::Stuck
            },
            state,
            cause,
            code: failure.map(|failure| failure.code.to_owned()),
            logins,
            summary: pending::summary(state, logins).to_owned(),
            reasons: Vec::new(),
            actions,
            never: pending::never(state, &unfinished),
        })
    }

    /// No rotation is half done.
    fn at_rest(&self) -> Diagnosis {
        let secret = self.secret;
        let failure = self.story.and_then(Story::last_failure);
        let abandoned = abandoned(self.answers, secret, self.now);
        let unconfirmed = self.unconfirmed();
        let rotated = self.current_was_rotated() && !unconfirmed;
        let unset = abandoned.is_some_and(|version| self.never_reached_the_database(version));
        let logins = self.logins_at_rest(abandoned.is_some(), unset, rotated);
        let overdue = Due::of(secret, self.now).overdue;
        let base = |word, state, summary: String, actions| Diagnosis {
            logins,
            actions,
            ..plain(word, state, summary)
        };
        let rotate = |text: &str| Action::fix(text, Fix::Nudge, self.names);
        let attach = || {
            Action::run(
                "Set FUNCTION_ARN to the function that is to rotate it, and attach that.",
                self.names.attach(),
            )
        };
        if secret.enabled.is_none() && secret.function.is_none() {
            let summary = "rotation was never switched on".to_owned();
            return base(Word::Off, State::NeverConfigured, summary, vec![attach()]);
        }
        let refused = self
            .answers
            .logins
            .current
            .said()
            .is_some_and(|login| !login.works());
        if let Some(version) = abandoned.filter(|_| self.answers.logins.current_works() != Some(true)) {
            return if unset {
                self.given_up(logins, failure)
            } else {
                self.taken_over(version, logins, failure)
            };
        }
        if let Some(cause) = function::state::trouble(self.answers) {
            let mut actions = self.repairs(Some(cause), None);
            if cause == Cause::FunctionGone {
                actions.push(attach());
            } else {
                actions.push(Action::run("Try it. This changes nothing.", self.names.test()));
                actions.push(rotate(
                    "Rotate, if one was due meanwhile: what could not begin is not made up for.",
                ));
            }
            return Diagnosis {
                cause: Some(cause),
                ..base(Word::Broken, state_of(cause), cause.meaning().to_owned(), actions)
            };
        }
        if refused {
            let mut actions = vec![
                repairs::set_by_hand(self.names),
                rotate("Rotate: the function finds a lost password among the old versions, if there is one.")
                    .otherwise(),
            ];
            // A cause that is a refused login has the same first action.
            let repairs = self.repairs_after(failure).into_iter();
            actions.extend(repairs.filter(|repair| *repair != repairs::set_by_hand(self.names)));
            let summary =
                "the database refuses AWSCURRENT's password, and no rotation is under way".to_owned();
            return after(
                failure,
                base(Word::Broken, State::CurrentRefused, summary, actions),
            );
        }
        if secret.enabled == Some(false) {
            let summary = "rotation is switched off; nothing is half done".to_owned();
            let mut actions = self.repairs_after(failure);
            actions.push(rotate("To switch it on again, rotate."));
            return after(failure, base(Word::Off, State::SwitchedOff, summary, actions));
        }
        if unconfirmed && self.answers.logins.current_works() != Some(true) {
            return self.switched(logins, failure);
        }
        if let Some(late) = overdue {
            let mut actions = self.repairs_after(failure);
            actions.push(rotate("Rotate."));
            let summary = format!(
                "the rotation that was due {} ago has not been",
                crate::words::time::lasting(late)
            );
            return after(failure, base(Word::Overdue, State::Overdue, summary, actions));
        }
        let last = secret.last_rotated.map_or_else(
            || "rotation is on, and has not rotated it yet".to_owned(),
            |last| format!("rotated {}", crate::words::time::ago(last, self.now)),
        );
        let next = Due::of(secret, self.now)
            .at
            .map(|at| format!(", next by {}", crate::words::time::day(at)));
        let summary = format!("{last}{}", next.unwrap_or_default());
        base(Word::Well, State::Finished, summary, Vec::new())
    }

    fn logins_at_rest(&self, abandoned: bool, unset: bool, rotated: bool) -> Works {
        if unset {
            return outlook::of_a_value_that_was_not_set(self.answers);
        }
        outlook::without_pending(self.answers, self.story, rotated && !abandoned, abandoned)
    }

    /// AWSCURRENT is on the rotation's version, and nothing says that it logs in.
    fn switched(&self, logins: Works, failure: Option<Failure<'_>>) -> Diagnosis {
        let pending = self.secret.labels.carrier(&Label::Pending);
        if failure.is_none() && pending.is_some_and(|pending| self.runs(pending)) {
            return Diagnosis {
                logins,
                ..plain(
                    Word::Running,
                    State::Running,
                    "a rotation is under way; ask again in a minute",
                )
            };
        }
        let mut actions = self.repairs_after(failure);
        actions.push(Action::fix(
            "Rotate: the function sets AWSCURRENT's password, if the database has not got it.",
            Fix::Nudge,
            self.names,
        ));
        let stuck = Diagnosis {
            logins,
            actions,
            never: vec!["write a value before a login has shown which password works"],
            ..plain(
                Word::Stuck,
                State::SwitchUnconfirmed,
                "AWSCURRENT has moved, and Secrets Manager has not recorded the rotation's end",
            )
        };
        after(failure, stuck)
    }

    /// AWSCURRENT is older than the version that lost its label, and no setSecret changed anything: nobody wrote a value, and the password
    /// is the old one.
    fn never_reached_the_database(&self, version: &Version) -> bool {
        self.made(self.secret.current()) < version.created && self.story.is_some_and(Story::changed_nothing)
    }

    /// AWSPENDING was taken off a value that was never in use: by the function, whose server rejects it, or by a person.
    fn given_up(&self, logins: Works, failure: Option<Failure<'_>>) -> Diagnosis {
        let mut actions = self.repairs_after(failure);
        actions.push(Action::fix(
            "Rotate: the function makes another password.",
            Fix::Nudge,
            self.names,
        ));
        let broken = Diagnosis {
            logins,
            actions,
            ..plain(
                Word::Broken,
                State::GivenUp,
                "the last rotation ended before the database changed, and nothing of it is left",
            )
        };
        after(failure, broken)
    }

    /// A version lost AWSPENDING before it became AWSCURRENT.
    fn taken_over(&self, version: &Version, logins: Works, failure: Option<Failure<'_>>) -> Diagnosis {
        let works = self.answers.logins.pending_works();
        let current = self.secret.current();
        let rotate = |text: &str| Action::fix(text, Fix::Nudge, self.names);
        let actions = match (logins, works, current) {
            (Works::No(_), Some(true), Some(current)) => vec![
                rotate("Rotate: the function finds the lost password among the old versions."),
                Action::fix(
                    "If applications cannot wait: move AWSCURRENT to the version that logs in.",
                    Fix::Promote {
                        from: current.clone(),
                        to: version.id.clone(),
                    },
                    self.names,
                )
                .otherwise(),
            ],
            (Works::No(_), ..) => vec![rotate(
                "Rotate: the function finds a lost password among the old versions, if there is one.",
            )],
            (Works::Yes(_), ..) => vec![rotate("Rotate: the function makes another password.")],
            _ => vec![
                rotate("Rotate: the function finds a lost password among the old versions, if there is one."),
                Action::run("Or find out first which password works.", self.names.login(None)).otherwise(),
            ],
        };
        let stuck = Diagnosis {
            logins,
            actions,
            never: match logins {
                Works::Yes(_) => vec![],
                _ => vec!["delete versions: one of them may have the only password"],
            },
            ..plain(
                Word::Stuck,
                State::Abandoned,
                format!(
                    "version {} lost AWSPENDING before its rotation finished; {}",
                    short(&version.id),
                    match logins {
                        Works::Yes(_) => "AWSCURRENT is as it was",
                        _ => "the database may have its password",
                    }
                ),
            )
        };
        after(failure, stuck)
    }

    /// The labels show that a rotation made AWSCURRENT's version. AWSPENDING may be on it, or on none: AWS says both.
    fn current_was_rotated(&self) -> bool {
        if self.secret.labels.carrier(&Label::Pending).is_some() {
            return true;
        }
        let current = self.made(self.secret.current());
        let before = self.made(self.secret.labels.carrier(&Label::Previous));
        // A value written by hand is newer than the last rotation; one that was moved back to is older than AWSPREVIOUS.
        before.is_some() && before <= current && current <= self.secret.last_rotated
    }

    /// AWSCURRENT is on the rotation's version, and Secrets Manager has recorded no success since that version was made.
    fn unconfirmed(&self) -> bool {
        let made = self.made(self.secret.labels.carrier(&Label::Pending));
        made.is_some_and(|made| self.secret.last_rotated.is_none_or(|last| last < made))
    }

    /// When a version was made, if it has a value and that was answered.
    fn made(&self, version: Option<&VersionId>) -> Option<Timestamp> {
        let versions = self.answers.versions.said()?;
        let known = versions.iter().find(|known| Some(&known.id) == version)?;
        known.created
    }

    /// What removes this cause.
    fn repairs(&self, cause: Option<Cause>, failure: Option<Failure<'_>>) -> Vec<Action> {
        let ways = repairs::ways(self.answers, &self.network, self.names);
        repairs::repairs(self.answers, self.secret, self.names, cause, failure, ways)
    }

    /// What removes the cause of this failure.
    fn repairs_after(&self, failure: Option<Failure<'_>>) -> Vec<Action> {
        self.repairs(failure.map(|failure| Cause::of(failure.code)), failure)
    }

    fn runs(&self, pending: &VersionId) -> bool {
        let made = self.made(Some(pending));
        // An empty version is in no list: the secret's own last change tells when it was made.
        let sign = made
            .max(self.story.and_then(Story::last_at))
            .or(self.secret.changed);
        let limit = SignedDuration::from_secs(i64::from(time_limit(self.answers)));
        sign.is_some_and(|sign| self.now.duration_since(sign) < PATIENCE + limit)
    }
}

fn starts_with_promote(actions: &[Action]) -> bool {
    let first = actions.first().and_then(|action| action.fix.as_ref());
    matches!(first, Some(Fix::Promote { .. }))
}

const fn state_of(cause: Cause) -> State {
    match cause {
        Cause::FunctionGone => State::FunctionGone,
        Cause::NotInvocable => State::NotInvocable,
        Cause::FunctionAsleep => State::FunctionAsleep,
        Cause::TooLittleConcurrency => State::TooLittleConcurrency,
        _ => State::FunctionBroken,
    }
}
