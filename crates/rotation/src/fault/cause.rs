//! The trait of all faults, and any fault as the steps return it.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::advice::{Advice, Kind, Prospect};

/// An error that says what to do. Its `Display` is the problem alone: lower case, no full stop, no secret value. It repeats neither
/// the remedy nor the source.
pub trait Fault: StdError + Any + Send + Sync {
    /// The stable name, in upper camel case; `docs/runbook/<code>.md` explains it. The enums take it from the name of the
    /// variant (`strum::IntoStaticStr`), and the lists of codes from the same place (`strum::VariantNames`).
    fn code(&self) -> &'static str;

    /// Kind, prospect and remedy.
    fn advice(&self) -> Advice<'_>;
}

/// Any [`Fault`], as the steps return it.
#[derive(Clone)]
pub struct Cause(Arc<dyn Fault>);

impl Cause {
    /// The stable name of the cause.
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    /// Where to look first.
    pub fn kind(&self) -> Kind {
        self.0.advice().kind
    }

    /// What to do.
    pub fn remedy(&self) -> Cow<'_, str> {
        self.0.advice().remedy
    }

    /// Whether to try again.
    pub fn prospect(&self) -> Prospect {
        self.0.advice().prospect
    }

    /// The fault itself, if it is an `F`: decisions ask for a variant, never for a code.
    pub fn as_fault<F: Fault>(&self) -> Option<&F> {
        let any: &dyn Any = &*self.0;
        any.downcast_ref()
    }

    /// The problem with all its sources, without the remedy.
    pub fn problem(&self) -> impl fmt::Display + '_ {
        outbound::chain(&*self.0)
    }
}

impl<F: Fault> From<F> for Cause {
    fn from(fault: F) -> Self {
        Self(Arc::new(fault))
    }
}

/// `problem: source: source; remedy`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.problem(), self.remedy())
    }
}

/// As `Display`: a derived `Debug` of a foreign error may hold a response's body.
impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", self.code())
    }
}
