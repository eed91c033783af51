//! The words of a diagnosis.

use super::actions::Action;
use super::cause::Cause;

/// The first word of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
pub(crate) enum Word {
    /// A rotation began and does not go on.
    #[strum(serialize = "STUCK")]
    Stuck,
    /// No rotation can begin, or each one fails.
    #[strum(serialize = "BROKEN")]
    Broken,
    /// A rotation should have been.
    #[strum(serialize = "OVERDUE")]
    Overdue,
    /// It was switched off, or never on.
    #[strum(serialize = "OFF")]
    Off,
    /// What was asked does not tell.
    #[strum(serialize = "UNKNOWN")]
    Unknown,
    /// A rotation is under way.
    #[strum(serialize = "RUNNING")]
    Running,
    /// All is well.
    #[strum(serialize = "ok")]
    Well,
    /// Somebody else rotates it.
    #[strum(serialize = "-")]
    NotOurs,
}

impl Word {
    /// The word as it is printed.
    pub(crate) fn text(self) -> &'static str {
        self.into()
    }

    /// Whether it alone says that a person must look at it.
    pub(crate) const fn needs_a_person(self) -> bool {
        matches!(self, Self::Stuck | Self::Broken | Self::Overdue | Self::Off)
    }
}

/// Where a secret's rotation stands. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum State {
    /// There is no such secret here.
    NotFound,
    /// DescribeSecret has no answer.
    NotAnswered,
    /// Rotation was never switched on.
    NeverConfigured,
    /// Rotation was switched off, and nothing is left of one.
    SwitchedOff,
    /// The secret is marked for deletion.
    MarkedForDeletion,
    /// The secret is a replica.
    Replica,
    /// A service rotates it.
    Managed,
    /// No version carries AWSCURRENT.
    NoValue,
    /// The function does not exist.
    FunctionGone,
    /// Secrets Manager may not invoke the function.
    NotInvocable,
    /// Lambda put the function to sleep.
    FunctionAsleep,
    /// Lambda cannot run the function.
    FunctionBroken,
    /// The function may run too few times at once.
    TooLittleConcurrency,
    /// AWSPENDING has no value.
    PendingEmpty,
    /// AWSPENDING has a value, and the database has not heard of it.
    PendingBeforeSet,
    /// The database has AWSPENDING's password.
    PendingAfterSet,
    /// AWSPENDING has a value, and nothing says whether the database has it.
    PendingUnclear,
    /// AWSPENDING is for another user or server.
    PendingOtherAccount,
    /// Rotation was switched off while one was under way.
    CancelledMidway,
    /// A version lost AWSPENDING before it became AWSCURRENT.
    Abandoned,
    /// AWSPENDING was taken off a value that was never in use.
    GivenUp,
    /// AWSCURRENT has moved, and no step has shown that its value logs in.
    SwitchUnconfirmed,
    /// AWSCURRENT's value is refused, and no rotation is under way.
    CurrentRefused,
    /// The rotation that was due has not been.
    Overdue,
    /// A rotation is under way.
    Running,
    /// The last rotation finished.
    Finished,
}

impl State {
    /// The name, such as `pending-after-set`.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// What it means, in one line.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::NotFound | Self::NotAnswered => "the secret could not be looked at",
            Self::NeverConfigured => "rotation was never switched on",
            Self::SwitchedOff => "rotation is switched off",
            Self::MarkedForDeletion => "the secret is marked for deletion, and cannot be read",
            Self::Replica => "the secret is a replica; its primary is rotated",
            Self::Managed => "an AWS service manages and rotates the secret",
            Self::NoValue => "no version carries AWSCURRENT",
            Self::FunctionGone => Cause::FunctionGone.meaning(),
            Self::NotInvocable => Cause::NotInvocable.meaning(),
            Self::FunctionAsleep => Cause::FunctionAsleep.meaning(),
            Self::FunctionBroken => Cause::FunctionBroken.meaning(),
            Self::TooLittleConcurrency => Cause::TooLittleConcurrency.meaning(),
            Self::PendingEmpty => "a rotation began and stored no value; the next one waits for it",
            Self::PendingBeforeSet => "AWSPENDING has a value, and the database does not have it",
            Self::PendingAfterSet => {
                "the database has AWSPENDING's password, and the rotation has not finished"
            }
            Self::PendingUnclear => {
                "AWSPENDING has a value, and only a login shows whether the database has it"
            }
            Self::PendingOtherAccount => Cause::PendingOtherAccount.meaning(),
            Self::CancelledMidway => "rotation was switched off after setSecret may have run",
            Self::Abandoned => "a version lost AWSPENDING before its rotation finished",
            Self::GivenUp => "the last rotation ended before the database changed, and AWSPENDING is off",
            Self::SwitchUnconfirmed => "AWSCURRENT has moved, and no success was recorded",
            Self::CurrentRefused => {
                "the database refuses AWSCURRENT's password, and no rotation is under way"
            }
            Self::Overdue => "the rotation that was due a day ago has not been",
            Self::Running => "a rotation is under way",
            Self::Finished => "the last rotation ended well",
        }
    }
}

/// Whether new logins with AWSCURRENT's value work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Works {
    /// Yes, and how that is known.
    Yes(&'static str),
    /// No, and how that is known.
    No(&'static str),
    /// Nothing that was asked tells.
    NotKnown(&'static str),
}

impl Works {
    /// `yes`, `no` or `not known`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Yes(_) => "yes",
            Self::No(_) => "no",
            Self::NotKnown(_) => "not known",
        }
    }

    /// How it is known, or what would tell.
    pub(crate) const fn how(self) -> &'static str {
        match self {
            Self::Yes(how) | Self::No(how) | Self::NotKnown(how) => how,
        }
    }
}

/// How a line of the reasons went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
pub(crate) enum Mark {
    /// As it should be.
    #[strum(serialize = "ok")]
    Ok,
    /// Worth knowing.
    #[strum(serialize = "note")]
    Note,
    /// Not as it should be.
    #[strum(serialize = "FAILED")]
    Failed,
    /// Not asked.
    #[strum(serialize = "-")]
    NotAsked,
}

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// How it went.
    pub(crate) mark: Mark,
    /// What it is about, in one word.
    pub(crate) topic: &'static str,
    /// The name of what stands in the way, if it has one. The names are stable.
    pub(crate) name: Option<&'static str>,
    /// The sentence.
    pub(crate) text: String,
}

/// All that is known about a secret's rotation, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// The verdict.
    pub(crate) word: Word,
    /// The state.
    pub(crate) state: State,
    /// Why it is in this state, if that is known.
    pub(crate) cause: Option<Cause>,
    /// The code of the error in the log, such as `LoginRefused`.
    pub(crate) code: Option<String>,
    /// Whether new logins with AWSCURRENT's value work.
    pub(crate) logins: Works,
    /// The state in one sentence.
    pub(crate) summary: String,
    /// Why.
    pub(crate) reasons: Vec<Reason>,
    /// What to do, in this order.
    pub(crate) actions: Vec<Action>,
    /// What must not be done.
    pub(crate) never: Vec<&'static str>,
}

impl Diagnosis {
    /// A verdict; nothing else is known.
    pub(super) fn new(word: Word, state: State, summary: impl Into<String>) -> Self {
        Self {
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

    /// Whether a person must look at it: also if applications can log in, and the cause of a failed rotation still stands.
    pub(crate) fn needs_a_person(&self) -> bool {
        self.word.needs_a_person() || (self.word == Word::Well && self.cause.is_some())
    }

    /// The same, with the code of the failure that led there.
    pub(super) fn after(self, code: Option<&str>) -> Self {
        Self {
            cause: code.map(Cause::of),
            code: code.map(str::to_owned),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray as _;

    #[test]
    fn states_have_names_for_scripts() {
        let mut names: Vec<_> = State::VARIANTS.iter().map(|state| state.name()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(names.contains(&"pending-after-set"));
    }
}
