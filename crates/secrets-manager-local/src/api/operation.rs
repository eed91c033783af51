//! The calls that are answered.

/// A call of the Secrets Manager API, by its name in `X-Amz-Target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr)]
pub(crate) enum Operation {
    AssociateCrossAccountReplica,
    BatchGetSecretValue,
    CancelRotateSecret,
    CreateSecret,
    DeleteResourcePolicy,
    DeleteSecret,
    DescribeSecret,
    DisassociateCrossAccountReplica,
    GetRandomPassword,
    GetResourcePolicy,
    GetSecretValue,
    ListResourcePolicies,
    ListSecretVersionIds,
    ListSecrets,
    PutResourcePolicy,
    PutSecretValue,
    RemoveRegionsFromReplication,
    ReplicateSecretToRegions,
    RestoreSecret,
    RotateSecret,
    StopReplicationToReplica,
    TagResource,
    UntagResource,
    UpdateSecret,
    UpdateSecretVersionStage,
    ValidateResourcePolicy,
}

/// Which of the account's quotas a call counts against (fact 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Quota {
    /// DescribeSecret, 40,000 a second.
    Descriptions,
    /// GetSecretValue, 10,000 a second.
    Values,
    /// PutSecretValue, `UpdateSecret`, `UpdateSecretVersionStage` and replication together, 50 a second.
    Writes,
}

impl Operation {
    /// The call that `X-Amz-Target` names after `secretsmanager.`.
    pub(crate) fn named(name: &str) -> Result<Self, UnknownOperation> {
        name.parse().map_err(|_| UnknownOperation(name.to_owned()))
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// The quota that this call counts against, if it is one of fact 16.
    pub(crate) const fn quota(self) -> Option<Quota> {
        match self {
            Self::DescribeSecret => Some(Quota::Descriptions),
            Self::GetSecretValue => Some(Quota::Values),
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
                | Self::ListResourcePolicies
                | Self::ListSecretVersionIds
                | Self::ListSecrets
        )
    }
}

/// No call of this API has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no operation of the local Secrets Manager is called {0:?}")]
pub(crate) struct UnknownOperation(String);
