//! The faults of a switch that did not go through.

use crate::fault::{Advice, Cause, Fault, Kind, Prospect};

/// Why a switch failed, and in which state it left the secret and the target.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum SwitchFault {
    /// Neither the answers nor the labels say that AWSCURRENT moved. A call on its way may still move it.
    #[error(
        "no answer says that AWSCURRENT moved to the new version, so the change of the password was rolled back: {0}"
    )]
    MoveUnknown(String),
    /// Committed, refused, and undone in both places.
    #[error(
        "the server took the new password and refused its login, so the old password and AWSCURRENT were put back: {0}"
    )]
    PendingRefusedGivenBack(String),
    /// AWSCURRENT's value is refused, and nothing that the function may use mends it.
    #[error("the value of AWSCURRENT is refused: {0}")]
    CurrentRefused(String),
}

impl SwitchFault {
    pub(crate) fn given_back(refusal: &Cause) -> Self {
        Self::PendingRefusedGivenBack(refusal.problem().to_string())
    }
}

impl Fault for SwitchFault {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        match self {
            Self::MoveUnknown(_) => Advice::new(
                Kind::Network,
                "let Secrets Manager retry the rotation: if AWSCURRENT has moved, the retry sets the password to it; check the function's network access to Secrets Manager",
            ),
            // AWSPENDING comes off: each repetition would set the refused password again.
            Self::PendingRefusedGivenBack(_) => Advice::new(
                Kind::Login,
                "find out what keeps a list of passwords of its own (a proxy, pg_hba.conf with another method), or whether the role was locked or expired in this moment; or set AWSCURRENT_MOVES=finishSecret",
            )
            .with(Prospect::PoisonedPending),
            Self::CurrentRefused(_) => Advice::new(
                Kind::Login,
                "if nobody locked the role out on purpose, set its password to AWSCURRENT's by hand (\\password)",
            ),
        }
    }
}
