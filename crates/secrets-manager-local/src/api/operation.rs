//! The calls that are answered.

use std::fmt;
use std::str::FromStr;

macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        /// A call of the Secrets Manager API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Operation {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                $name,
            )*
        }

        impl Operation {
            /// Every call.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The call's name in `X-Amz-Target`, after `secretsmanager.`.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

operations!(
    BatchGetSecretValue,
    CancelRotateSecret,
    CreateSecret,
    DeleteResourcePolicy,
    DeleteSecret,
    DescribeSecret,
    GetRandomPassword,
    GetResourcePolicy,
    GetSecretValue,
    ListSecretVersionIds,
    ListSecrets,
    PutResourcePolicy,
    PutSecretValue,
    RemoveRegionsFromReplication,
    ReplicateSecretToRegions,
    RestoreSecret,
    RotateSecret,
    TagResource,
    UntagResource,
    UpdateSecret,
    UpdateSecretVersionStage,
    ValidateResourcePolicy,
);

/// Which of the account's quotas a call counts against (fact 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Quota {
    /// DescribeSecret and GetSecretValue together, 10,000 a second.
    Reads,
    /// PutSecretValue, `UpdateSecret`, `UpdateSecretVersionStage` and replication together, 50 a second.
    Writes,
}

impl Operation {
    /// The quota that this call counts against, if it is one of fact 16.
    pub(crate) const fn quota(self) -> Option<Quota> {
        match self {
            Self::DescribeSecret | Self::GetSecretValue => Some(Quota::Reads),
            Self::PutSecretValue
            | Self::UpdateSecret
            | Self::UpdateSecretVersionStage
            | Self::ReplicateSecretToRegions
            | Self::RemoveRegionsFromReplication => Some(Quota::Writes),
            _ => None,
        }
    }

    /// Whether a stale read can show: the call only reads.
    pub(crate) const fn reads(self) -> bool {
        matches!(
            self,
            Self::BatchGetSecretValue
                | Self::DescribeSecret
                | Self::GetResourcePolicy
                | Self::GetSecretValue
                | Self::ListSecretVersionIds
                | Self::ListSecrets
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No call of this API has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no operation of the local Secrets Manager is called {0:?}")]
pub(crate) struct UnknownOperation(String);

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, UnknownOperation> {
        let known = Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.name() == name);
        known.ok_or_else(|| UnknownOperation(name.to_owned()))
    }
}
