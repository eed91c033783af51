//! The error that a function answers with.

use std::fmt;

use staging_labels::{Step, VersionId};

use crate::event::SecretId;
use crate::fault::Cause;

/// Why a step failed: which secret, which step, what, and what to do.
///
/// `setSecret failed for orders/db: the server has no TLS; …`
pub struct Error {
    /// The step, if the payload named one.
    pub step: Option<Step>,
    /// The secret, if the payload named one.
    pub secret: Option<SecretId>,
    /// The version that the rotation was making, if the payload named one.
    pub token: Option<VersionId>,
    /// What went wrong, and what to do.
    pub cause: Cause,
    /// AWSPENDING was taken off the version, because its value can never be accepted.
    pub released: bool,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.step.map_or("the invocation", Step::name))?;
        f.write_str(" failed")?;
        if let Some(secret) = &self.secret {
            write!(f, " for {secret}")?;
        }
        write!(f, ": {}", self.cause)?;
        if self.released {
            f.write_str(
                "; AWSPENDING was taken off this version, so that the next rotation makes another value",
            )?;
        }
        Ok(())
    }
}

/// As `Display`: the runtime prints errors with `{:?}`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
