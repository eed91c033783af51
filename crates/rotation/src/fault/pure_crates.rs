//! The faults of `secrets` and `password`: those crates know no kinds, because they know no operator.

use password::PolicyError;
use secrets::DocumentError;

use super::advice::{Advice, Kind};
use super::cause::Fault;

impl Fault for DocumentError {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        Advice::new(Kind::Secret, self.remedy())
    }
}

impl Fault for PolicyError {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        Advice::new(Kind::Configuration, self.remedy())
    }
}
