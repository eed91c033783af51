//! The pure crates' errors, as faults: they know no kinds, for they know no operator.

use std::borrow::Cow;

use password::PolicyError;
use secrets::DocumentError;

use crate::fault::{Fault, Kind};

impl Fault for DocumentError {
    fn code(&self) -> &'static str {
        Self::code(self)
    }

    fn kind(&self) -> Kind {
        Kind::Document
    }

    fn remedy(&self) -> Cow<'_, str> {
        Self::remedy(self).into()
    }
}

impl Fault for PolicyError {
    fn code(&self) -> &'static str {
        Self::code(self)
    }

    fn kind(&self) -> Kind {
        Kind::Configuration
    }

    fn remedy(&self) -> Cow<'_, str> {
        Self::remedy(self).into()
    }
}
