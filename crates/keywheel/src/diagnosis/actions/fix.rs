//! What `doctor --fix` can carry out.

use staging_labels::{Repair, VersionId};

/// A change that the diagnosis offers, with all that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fix {
    /// RotateSecret: begins a rotation, or has an unfinished one attempted again.
    Nudge,
    /// Takes AWSPENDING off this version.
    Unpend(VersionId),
    /// Moves AWSCURRENT.
    Promote {
        /// From this version.
        from: VersionId,
        /// To this one.
        to: VersionId,
    },
    /// Takes the secret back from deletion.
    Restore,
    /// Lets Secrets Manager invoke the function.
    Allow {
        /// The function's ARN.
        function: String,
        /// The secret's AWS account.
        account: String,
    },
    /// Reserves concurrency for the function.
    Concurrency(String),
    /// Raises the function's time limit.
    TimeLimit {
        /// The function's ARN.
        function: String,
        /// The new limit, in seconds.
        seconds: u32,
    },
}

/// The name of a [`Fix`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum FixName {
    /// Rotate, or have an unfinished rotation attempted again.
    Nudge,
    /// Take AWSPENDING off.
    Unpend,
    /// Move AWSCURRENT to the value that logs in.
    Promote,
    /// Take the secret back from deletion.
    Restore,
    /// Let Secrets Manager invoke the function.
    Allow,
    /// Reserve concurrency for the function.
    Concurrency,
    /// Raise the function's time limit.
    TimeLimit,
}

impl FixName {
    /// Such as `time-limit`.
    pub(crate) fn text(self) -> &'static str {
        self.into()
    }
}

impl Fix {
    /// Its name.
    pub(crate) const fn name(&self) -> FixName {
        match self {
            Self::Nudge => FixName::Nudge,
            Self::Unpend(_) => FixName::Unpend,
            Self::Promote { .. } => FixName::Promote,
            Self::Restore => FixName::Restore,
            Self::Allow { .. } => FixName::Allow,
            Self::Concurrency(_) => FixName::Concurrency,
            Self::TimeLimit { .. } => FixName::TimeLimit,
        }
    }

    /// The change of labels that it is.
    pub(crate) const fn repair(&self) -> Option<Repair<'_>> {
        match self {
            Self::Unpend(pending) => Some(Repair::Release { pending }),
            Self::Promote { from, to } => Some(Repair::Promote { from, to }),
            Self::Nudge
            | Self::Restore
            | Self::Allow { .. }
            | Self::Concurrency(_)
            | Self::TimeLimit { .. } => None,
        }
    }

    /// Whether somebody must type the secret's name: a version that loses its last label may be deleted, and applications read a new
    /// value at once.
    pub(crate) const fn cannot_be_taken_back(&self) -> bool {
        self.repair().is_some()
    }
}
