//! What a line of a log says.

use jiff::Timestamp;
use rotation::Strategy;
use staging_labels::Step;

/// A line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was written.
    pub(crate) at: Timestamp,
    /// The version that it is about, where it names one.
    pub(crate) version: Option<String>,
    /// Whose credential the function changes, where the line says it.
    pub(crate) strategy: Option<Strategy>,
    /// What it says.
    pub(crate) event: Event,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A step ended.
    Step {
        /// Which.
        step: Step,
        /// How.
        end: End,
        /// How long it took.
        milliseconds: Option<u64>,
    },
    /// Lambda ended an invocation at its time limit. Its step and secret are not known.
    TimedOut,
    /// Lambda could not start the function's code, and why.
    ModuleMissing(String),
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Well, and what it did.
    Succeeded(Did),
    /// With an error.
    Failed {
        /// Its code, such as `LoginRefused`; of AWS's templates one that begins with `Template`.
        code: String,
        /// Problem and remedy in the function's words, if it is one of Keywheel's.
        message: Option<String>,
    },
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Did {
    /// It changed the value where it is used. AWSCURRENT moves in finishSecret.
    Applied,
    /// It changed the value, and moved AWSCURRENT.
    Switched,
    /// Anything else.
    Other,
}
