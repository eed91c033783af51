//! The invariants by their letters, and what breaks one.

use std::fmt;

/// An invariant. The letters are those of docs/proof.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::Display)]
pub enum Letter {
    /// Nobody is locked out at rest: AWSCURRENT logs in.
    R,
    /// What the database, or the provider, accepts is in some version of the secret.
    K,
    /// Once the cause is gone, the next rotation succeeds, or the one after it.
    N,
    /// AWSPENDING is never left where RotateSecret is refused until a person acts.
    S,
    /// Exactly one version has AWSCURRENT, and it has a value.
    A,
    /// Not an invariant: the cell could not be run.
    X,
}

/// When the invariants are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    /// Right after what went wrong.
    AfterTheFault,
    /// After the repair by hand.
    Repaired,
    /// Nothing runs any more, and the lasting cause still lasts.
    AtRest,
    /// The cause is gone, and there was one more rotation.
    InTheEnd,
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub letter: Letter,
    /// When.
    pub moment: Moment,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AfterTheFault => "right after the fault",
            Self::Repaired => "after the repair by hand",
            Self::AtRest => "at rest",
            Self::InTheEnd => "after the next rotation",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { letter, moment, what } = self;
        write!(f, "{letter} {moment}: {what}")
    }
}
