//! From the code of an error to the kind of trouble that it is.

/// Why a rotation fails. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Cause {
    /// See [`State::FunctionGone`](super::State::FunctionGone).
    FunctionGone,
    /// See [`State::NotInvocable`](super::State::NotInvocable).
    NotInvocable,
    /// See [`State::FunctionAsleep`](super::State::FunctionAsleep).
    FunctionAsleep,
    /// See [`State::FunctionBroken`](super::State::FunctionBroken).
    FunctionBroken,
    /// See [`State::TooLittleConcurrency`](super::State::TooLittleConcurrency).
    TooLittleConcurrency,
    /// No network access to Secrets Manager.
    NoWayToSecretsManager,
    /// No network access to the RDS API.
    NoWayToRdsApi,
    /// No network access to the database.
    NoWayToDatabase,
    /// No network access to the provider.
    NoWayToProvider,
    /// The function's time limit ended a step.
    TimeLimit,
    /// The function's role lacks a permission.
    RoleMayNot,
    /// The KMS key cannot be used.
    KeyDenied,
    /// The superuser secret cannot be used.
    AdminUnreadable,
    /// The secret value cannot be read.
    DocumentWrong,
    /// No password logs in, or the role may not.
    CredentialWrong,
    /// TLS, certificates, or a way to log in that is not supported.
    TlsOrScram,
    /// A proxy, or a standby.
    ProxyOrReader,
    /// The server does not take the new password.
    PasswordRefused,
    /// Lambda cannot start the function's code.
    ModuleMissing,
    /// Too many calls.
    Throttled,
    /// An environment variable, or a provider definition.
    Settings,
    /// The provider of API keys refuses.
    Provider,
    /// Somebody else writes to the secret.
    TwoWriters,
    /// A read was behind the last write.
    ReadTooEarly,
    /// AWSPENDING is for another user or server.
    PendingOtherAccount,
    /// Somebody else than the function stored AWSPENDING's value, or Secrets Manager takes it so.
    PendingForeign,
    /// The rotation was taken over, or switched off.
    Overtaken,
    /// The state of the database server or of the role.
    Server,
    /// The test with the new password says no.
    TestFailed,
    /// Two users that cannot alternate.
    UsersDiffer,
    /// The event, or Keywheel itself.
    Internal,
    /// A function that this program does not know.
    Unknown,
}

impl Cause {
    /// The name, such as `no-way-to-database`.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// The cause that a code of Keywheel's stands for.
    pub(crate) fn of(code: &str) -> Self {
        match code {
            "SecretsManagerUnreachable" | "SecretsManagerFailed" | "DeadlineExceeded" | "MoveUnknown" => {
                Self::NoWayToSecretsManager
            }
            "RdsUnreachable" | "RdsFailed" | "RdsNotFound" => Self::NoWayToRdsApi,
            "HostUnknown" | "HostAddressRefused" | "HostUnreachable" | "ConnectionRefused"
            | "ServerSilent" | "ConnectionLost" | "NotPostgres" => Self::NoWayToDatabase,
            "ProviderUnreachable" | "ProviderTlsFailed" | "ProviderAddressRefused" => Self::NoWayToProvider,
            "TimeLimit" => Self::TimeLimit,
            "PermissionDenied" | "RoleNotAssumed" | "SecretNotFound" => Self::RoleMayNot,
            "KmsDenied" => Self::KeyDenied,
            "SuperuserSecretMissing"
            | "SuperuserSecretForAnotherServer"
            | "SuperuserIsTheUser"
            | "SuperuserLoginRefused"
            | "SuperuserLacksRights"
            | "AdminSecretNotNamed"
            | "AdminSecretUnusable"
            | "SuperuserHostNotAllowed"
            | "SuperuserSecretNotAllowed"
            | "SuperuserSecretUnusable"
            | "TemplateSuperuserNoLogin" => Self::AdminUnreadable,
            "HostMissing"
            | "RoleNameInvalid"
            | "SecretIsBinary"
            | "DatabaseUnknown"
            | "KeyOfAnotherAccount"
            | "TagNotAllowed"
            | "LoginUnnamed"
            | "BarePasswordAlternates"
            | "PasswordEncoded"
            | "SecretFollows"
            | "ParameterInvalid"
            | "SecretContradictory"
            | "SecretDuplicateKey"
            | "SecretFieldInvalid"
            | "SecretFieldMissing"
            | "SecretNotJson"
            | "SecretTooLarge"
            | "SecretUrlInvalid"
            | "TemplateDocument" => Self::DocumentWrong,
            "LoginRefused" | "CurrentUnproven" | "CurrentRefused" | "ConnectDenied" | "RoleUnknown"
            | "RoleExpired" | "RoleMayNotLogIn" | "KeyUnproven" | "TemplateNoLogin" => Self::CredentialWrong,
            "CleartextRefused"
            | "AuthenticationUnsupported"
            | "PasswordNotAsked"
            | "ServerNotProven"
            | "CleartextNeedsTls" => Self::TlsOrScram,
            code if code.starts_with("Tls") || code.starts_with("Certificate") => Self::TlsOrScram,
            "ProxyInTheWay" | "PoolerHasPasswords" | "ReadOnlyStandby" | "SessionOfAnotherRole" => {
                Self::ProxyOrReader
            }
            "PasswordRejected"
            | "PolicyNeedsCleartext"
            | "PasswordPolicyImpossible"
            | "PendingRefused"
            | "PendingRefusedGivenBack" => Self::PasswordRefused,
            "ModuleMissing" => Self::ModuleMissing,
            "Throttled" | "ProviderThrottled" => Self::Throttled,
            "ConfigurationInvalid" | "ProviderDefinitionInvalid" | "ProviderUnknown" | "OverlapTooShort" => {
                Self::Settings
            }
            "KeyRefused" | "KeyCheckUnclear" | "KeyLimitReached" | "KeyGivenBack" | "KeyNotGivenBack"
            | "KeyLeftAlive" | "KeyNotListed" | "RevocationNotShown" | "RequestUnfit"
            | "SecondKeyUnclear" => Self::Provider,
            code if code.starts_with("Provider") => Self::Provider,
            "CurrentMoved" | "PromoteConflict" | "KeyLost" => Self::TwoWriters,
            "PendingMissing" | "CurrentMissing" | "ReplicaBehind" | "ReplicaFailed" => Self::ReadTooEarly,
            "PendingNamesAnotherTarget" | "PendingUserWrong" => Self::PendingOtherAccount,
            "RotationAbandoned" | "RotationCancelled" | "VersionUnknown" | "SecretDeleted" => Self::Overtaken,
            "ServerFull" | "ServerStarting" | "ServerTooOld" | "ServerError" | "RoleLocked" | "RoleBusy"
            | "StandbyMissing" | "StatementTimeout" | "PrivilegeMissing" | "RolePowerful" => Self::Server,
            "TestSqlFailed" | "TemplateTestFailed" => Self::TestFailed,
            "CloneForeign" | "OriginalMissing" | "OwnerUnusable" | "RepairRefused" | "RightsDiffer"
            | "SessionsOpen" => Self::UsersDiffer,
            "EventMalformed" | "StepUnknown" | "Internal" | "OsGeneratorFailed" => Self::Internal,
            _ => Self::Unknown,
        }
    }

    /// What it means, in one line.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::FunctionGone => "the rotation function does not exist",
            Self::NotInvocable => "Secrets Manager may not invoke the function",
            Self::FunctionAsleep => "Lambda took back the function's network; the next invocation wakes it",
            Self::FunctionBroken => "Lambda cannot run the function",
            Self::TooLittleConcurrency => "the function may run too few times at once",
            Self::NoWayToSecretsManager => "the function gets no answer from Secrets Manager",
            Self::NoWayToRdsApi => "the function gets no answer from the RDS API",
            Self::NoWayToDatabase => "the function does not reach the database",
            Self::NoWayToProvider => "the function does not reach the provider",
            Self::TimeLimit => "the function's time limit ended a step",
            Self::RoleMayNot => "the function's role lacks a permission",
            Self::KeyDenied => "the secret's KMS key cannot be used",
            Self::AdminUnreadable => "the superuser secret cannot be used",
            Self::DocumentWrong => "the secret value cannot be used",
            Self::CredentialWrong => "no password that the secret has logs in, or the role may not log in",
            Self::TlsOrScram => "TLS or the way to log in does not fit",
            Self::ProxyOrReader => "the host is a proxy or a read-only standby",
            Self::PasswordRefused => "the server does not take the new password",
            Self::ModuleMissing => "Lambda cannot start the function's code",
            Self::Throttled => "too many calls at the same time",
            Self::Settings => "an environment variable or a provider definition cannot be used",
            Self::Provider => "the provider refuses",
            Self::TwoWriters => "somebody else wrote to the secret during the rotation",
            Self::ReadTooEarly => "a value was read before it was there",
            Self::PendingOtherAccount => "AWSPENDING is for another user, host, port or database",
            Self::PendingForeign => "AWSPENDING's value was not stored by the rotation function",
            Self::Overtaken => "the rotation was taken over or switched off",
            Self::Server => "the database server or the role is not ready for it",
            Self::TestFailed => "the test with the new password failed",
            Self::UsersDiffer => "the two users cannot alternate",
            Self::Internal => "an error inside the function",
            Self::Unknown => "an error that this program does not know",
        }
    }
}

/// Whether the code says that AWSCURRENT's value itself was refused.
pub(super) fn says_current_is_refused(code: &str) -> bool {
    matches!(
        code,
        "LoginRefused"
            | "CurrentUnproven"
            | "CurrentRefused"
            | "RoleUnknown"
            | "RoleExpired"
            | "RoleMayNotLogIn"
    )
}

/// Whether a setSecret that failed so may have changed the password all the same: it did not hear the server's last answer.
pub(super) fn leaves_the_database_unclear(code: &str) -> bool {
    matches!(
        code,
        "ConnectionLost"
            | "ServerSilent"
            | "ServerError"
            | "StandbyMissing"
            | "DeadlineExceeded"
            | "StatementTimeout"
            | "Internal"
            | "TimeLimit"
            | "PendingRefused"
            | "CurrentMoved"
            | "ProviderUnreachable"
            | "ProviderFailed"
    ) || Cause::of(code) == Cause::Unknown
}
