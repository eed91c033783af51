//! What can go wrong with a provider, each cause with a stable code.

use std::borrow::Cow;

use rotation::password::OsGeneratorFailed;
use rotation::{Fault, Kind, Prospect};

use crate::description::DescriptionError;
use crate::notation::template::Unfilled;

/// Every code of this crate's errors, besides those of the documents and passwords that it passes on; each has a page in
/// `docs/runbook`. A code is stable, a text may change.
pub const CODES: &[&str] = &[
    "AdminSecretNotNamed",
    "AdminSecretUnusable",
    "ConfigurationInvalid",
    "DescriptionInvalid",
    "KeyCheckUnclear",
    "KeyElsewhere",
    "KeyLimitReached",
    "KeyLost",
    "KeyRefused",
    "KeyUnproven",
    "OverlapTooShort",
    "ParameterInvalid",
    "PendingNamesAnotherAccount",
    "ProviderAddressRefused",
    "ProviderAnswerUnusable",
    "ProviderCannotRotate",
    "ProviderCredentialRefused",
    "ProviderFailed",
    "ProviderRedirected",
    "ProviderRefused",
    "ProviderThrottled",
    "ProviderTlsFailed",
    "ProviderUnknown",
    "ProviderUnreachable",
    "RequestUnfit",
    "SecondKeyUnclear",
];

/// Why a rotation cannot go on. `call` is the section of the description, such as `create`, with the host: never a path,
/// which may hold a key.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are those of the text above them")]
pub enum ProviderFault {
    /// A setting of the function that cannot be used.
    #[error("the environment variable {name} {problem}")]
    SettingInvalid {
        name: &'static str,
        problem: String,
        expected: &'static str,
    },
    /// A description that cannot be used.
    #[error(transparent)]
    DescriptionInvalid(#[from] DescriptionError),
    /// Nobody says which provider it is.
    #[error("neither the secret nor the function says whose key it is")]
    ProviderMissing,
    /// No description of that name.
    #[error("there is no description of a provider {name:?}")]
    ProviderUnknown { name: String, known: String },
    /// A parameter without a value, or with one that is not allowed.
    #[error("the parameter `{parameter}` of {provider} {problem}")]
    ParameterInvalid {
        provider: String,
        parameter: String,
        problem: String,
        allowed: String,
    },
    /// Class E.
    #[error("{title}: {reason}")]
    CannotRotate { title: String, reason: String },
    /// The description wants an admin, the function's configuration names none.
    #[error(
        "the description of {provider} needs the admin secret {admin:?}, and ADMIN_SECRETS does not name it"
    )]
    AdminNotNamed { provider: String, admin: String },
    /// The admin secret has not what the description uses of it.
    #[error("the admin secret {admin:?} {problem}")]
    AdminUnusable { admin: String, problem: &'static str },
    /// The document leads elsewhere than the description.
    #[error("the secret's `{member}` is not what the description of {provider} says")]
    Elsewhere {
        provider: String,
        member: String,
        expected: String,
    },
    /// The pending version is not a rotation of the current one.
    #[error("the pending version differs from the current one in {what}")]
    Mismatch { what: String },
    /// No random numbers, no value.
    #[error(transparent)]
    NoRandomness(#[from] OsGeneratorFailed),

    /// A request cannot be written.
    #[error("{call} cannot be sent: {place} {problem}")]
    RequestUnfit {
        call: String,
        place: String,
        problem: Unfit,
    },
    /// The address is one that no provider has.
    #[error("{call} is not sent: {host} leads to {address}, which {why}")]
    AddressRefused {
        call: String,
        host: String,
        address: String,
        why: &'static str,
    },
    /// No connection, or none any more.
    #[error("{call}: {detail}")]
    Unreachable {
        call: String,
        detail: String,
        again: bool,
    },
    /// No TLS that can be trusted.
    #[error("{call}: TLS failed: {detail}")]
    TlsFailed { call: String, detail: String },
    /// A redirect, which is never followed: the credential would go along.
    #[error("{call} was answered with a redirect ({status}) to {target}")]
    Redirected {
        call: String,
        status: u16,
        target: String,
    },
    /// The provider does not accept who is asking.
    #[error("{call} was refused with status {status}{}", said(.words))]
    CredentialRefused {
        call: String,
        status: u16,
        words: String,
    },
    /// Any other refusal.
    #[error("{call} {}{}", not_done(*.status), said(.words))]
    Refused {
        call: String,
        status: u16,
        words: String,
    },
    /// An error inside an answer that says success.
    #[error("{call} says, with status {status}, that it failed{}", said(.words))]
    ErrorInside {
        call: String,
        status: u16,
        words: String,
    },
    /// The provider's own failure.
    #[error("{call} failed at the provider with status {status}{}", said(.words))]
    Failed {
        call: String,
        status: u16,
        words: String,
        again: bool,
    },
    /// Too many requests.
    #[error("{call} was throttled with status {status}")]
    Throttled { call: String, status: u16 },
    /// The provider asks for more patience than there is time.
    #[error("{problem}; it is to be asked again in {seconds} s, for which this step has no time")]
    NoTime { problem: String, seconds: u64 },
    /// Success, and nothing that could be used.
    #[error("the answer to {call} {problem}")]
    AnswerUnusable { call: String, problem: String },

    /// The key is not accepted.
    #[error("{call}: {}{}", refused(*.status, .whose), said(.words))]
    KeyRefused {
        call: String,
        whose: &'static str,
        status: u16,
        words: String,
    },
    /// The key is not accepted, and never will be: the provider does not even list it, or has refused it for long.
    #[error("{problem}; {}", given_up(*.listed))]
    KeyGone {
        problem: String,
        /// Whether a list shows that the provider has no such key; otherwise time does.
        listed: bool,
    },
    /// Nothing shows that the keys are those of the secret's owner.
    #[error("neither the current key nor an older one works, so that nothing shows that {} of the secret is right", .open.join(", "))]
    Unproven { provider: String, open: Vec<String> },
    /// Class C: a second key that may be the current one.
    #[error("{provider} has a second key already, and nothing shows that it is not the current one")]
    SecondKeyUnclear { provider: String },
    /// The check says neither yes nor no.
    #[error("{call}: status {status} says neither that the key works nor that it does not{}", said(.words))]
    CheckUnclear {
        call: String,
        status: u16,
        words: String,
        again: bool,
    },
    /// No room for a new key.
    #[error("{provider} has {count} keys {whose}, and allows {limit}: there is no room for a new one")]
    LimitReached {
        provider: String,
        whose: String,
        count: usize,
        limit: usize,
        ours: String,
    },
    /// A displaced key would be revoked too early.
    #[error("the key displaced by the last rotation is to live for {hours} hours, which have not passed")]
    OverlapTooShort { hours: u64 },
    /// Another createSecret was faster, and the provider has only room for one value.
    #[error("a value that another createSecret stored was replaced at the provider by this one")]
    KeyLost,
}

/// Why a value cannot be written into a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its template.
    #[error(transparent)]
    Template(#[from] Unfilled),
    /// Its place.
    #[error("would have characters that a header cannot have")]
    Header,
    /// A host.
    #[error("is no base for requests: {0}")]
    Base(String),
}

/// A status that the call's `ok` does not have.
fn not_done(status: u16) -> String {
    if (200..300).contains(&status) {
        format!("was answered with status {status}, which the description does not call a success")
    } else {
        format!("was refused with status {status}")
    }
}

fn refused(status: u16, whose: &str) -> String {
    if (200..300).contains(&status) {
        format!("the answer says, with status {status}, that the {whose} key is not accepted")
    } else {
        format!("the {whose} key was refused with status {status}")
    }
}

fn given_up(listed: bool) -> &'static str {
    if listed {
        "the provider has no such key"
    } else {
        "it has been refused for an hour"
    }
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(", saying: {words}")
    }
}

impl Fault for ProviderFault {
    fn code(&self) -> &'static str {
        match self {
            Self::SettingInvalid { .. } => "ConfigurationInvalid",
            Self::DescriptionInvalid(_) => "DescriptionInvalid",
            Self::ProviderMissing | Self::ProviderUnknown { .. } => "ProviderUnknown",
            Self::ParameterInvalid { .. } => "ParameterInvalid",
            Self::CannotRotate { .. } => "ProviderCannotRotate",
            Self::AdminNotNamed { .. } => "AdminSecretNotNamed",
            Self::AdminUnusable { .. } => "AdminSecretUnusable",
            Self::Elsewhere { .. } => "KeyElsewhere",
            Self::Mismatch { .. } => "PendingNamesAnotherAccount",
            Self::NoRandomness(failed) => failed.code(),
            Self::RequestUnfit { .. } => "RequestUnfit",
            Self::AddressRefused { .. } => "ProviderAddressRefused",
            Self::Unreachable { .. } => "ProviderUnreachable",
            Self::TlsFailed { .. } => "ProviderTlsFailed",
            Self::Redirected { .. } => "ProviderRedirected",
            Self::CredentialRefused { .. } => "ProviderCredentialRefused",
            Self::Refused { .. } | Self::ErrorInside { .. } => "ProviderRefused",
            Self::Failed { .. } => "ProviderFailed",
            Self::Throttled { .. } | Self::NoTime { .. } => "ProviderThrottled",
            Self::AnswerUnusable { .. } => "ProviderAnswerUnusable",
            Self::KeyRefused { .. } | Self::KeyGone { .. } => "KeyRefused",
            Self::Unproven { .. } => "KeyUnproven",
            Self::SecondKeyUnclear { .. } => "SecondKeyUnclear",
            Self::CheckUnclear { .. } => "KeyCheckUnclear",
            Self::LimitReached { .. } => "KeyLimitReached",
            Self::OverlapTooShort { .. } => "OverlapTooShort",
            Self::KeyLost => "KeyLost",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::SettingInvalid { .. }
            | Self::DescriptionInvalid(_)
            | Self::AdminNotNamed { .. }
            | Self::CannotRotate { .. } => Kind::Configuration,
            Self::ProviderMissing
            | Self::ProviderUnknown { .. }
            | Self::ParameterInvalid { .. }
            | Self::AdminUnusable { .. }
            | Self::Elsewhere { .. }
            | Self::RequestUnfit { .. } => Kind::Document,
            Self::Mismatch { .. } | Self::OverlapTooShort { .. } | Self::KeyLost => Kind::Rotation,
            Self::NoRandomness(_) => Kind::Internal,
            Self::AddressRefused { .. } | Self::Unreachable { .. } => Kind::Network,
            Self::TlsFailed { .. } => Kind::Tls,
            Self::CredentialRefused { status: 403, .. } => Kind::Privilege,
            Self::CredentialRefused { .. }
            | Self::KeyRefused { .. }
            | Self::KeyGone { .. }
            | Self::Unproven { .. } => Kind::Login,
            Self::LimitReached { .. } => Kind::Policy,
            Self::Throttled { .. } | Self::NoTime { .. } => Kind::Throttling,
            Self::Redirected { .. }
            | Self::Refused { .. }
            | Self::ErrorInside { .. }
            | Self::Failed { .. }
            | Self::AnswerUnusable { .. }
            | Self::SecondKeyUnclear { .. }
            | Self::CheckUnclear { .. } => Kind::Server,
        }
    }

    fn remedy(&self) -> Cow<'_, str> {
        super::advice::of(self)
    }

    fn prospect(&self) -> Prospect {
        match self {
            Self::Unreachable { again: true, .. }
            | Self::Failed { again: true, .. }
            | Self::CheckUnclear { again: true, .. }
            | Self::Throttled { .. } => Prospect::Transient,
            Self::KeyGone { .. } | Self::KeyLost => Prospect::PoisonedPending,
            _ => Prospect::Permanent,
        }
    }
}
