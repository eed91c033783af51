//! What can go wrong with a provider, each cause with a stable code.

use rotation::password::OsGeneratorFailed;
use strum::VariantNames;

use crate::description::DescriptionError;
use crate::notation::template::Unfilled;

/// Every code of this crate's errors, except those of secret values and passwords that it passes on. Two variants may share
/// one. Each has a page in `docs/runbook`. A code is stable, a text may change.
pub const CODES: &[&str] = ProviderFault::VARIANTS;

/// Why a rotation cannot go on. `call` is the section of the description, such as `create`, with the host: never a path,
/// which may hold a key.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum ProviderFault {
    /// A setting of the function that cannot be used.
    #[error("the environment variable {name} {problem}")]
    ConfigurationInvalid {
        name: &'static str,
        problem: String,
        expected: &'static str,
    },
    /// A name in `PROVIDER_PARAMETERS` that nothing reads.
    #[strum(serialize = "ConfigurationInvalid")]
    #[error("the environment variable PROVIDER_PARAMETERS {problem}")]
    ParameterUnknown { problem: String, known: String },
    /// A description that cannot be used.
    #[error(transparent)]
    ProviderDefinitionInvalid(#[from] DescriptionError),
    /// Nobody says which provider it is.
    #[strum(serialize = "ProviderUnknown")]
    #[error("neither the secret nor the function says whose key it is")]
    ProviderMissing,
    /// No description of that name.
    #[error("there is no definition of a provider {name:?}")]
    ProviderUnknown { name: String, known: String },
    /// A tag would decide what only the secret's value or the function may.
    #[error(
        "the secret's tag keywheel:{name} would decide something that the function does not leave to tags"
    )]
    TagNotAllowed { name: String },
    /// A parameter without a value, or with one that is not allowed.
    #[error("the parameter `{parameter}` of {provider} {problem}")]
    ParameterInvalid {
        provider: String,
        parameter: String,
        problem: String,
        allowed: String,
    },
    /// Class `none`.
    #[error("{title}: {reason}")]
    ProviderCannotRotate { title: String, reason: String },
    /// The description wants an admin, the function's configuration names none.
    #[error(
        "the definition of {provider} needs the admin secret {admin:?}, and ADMIN_SECRETS does not name it{near}"
    )]
    AdminSecretNotNamed {
        provider: String,
        admin: String,
        near: String,
    },
    /// The admin secret has not what the description uses of it.
    #[error("the admin secret {admin:?} {problem}")]
    AdminSecretUnusable { admin: String, problem: String },
    /// The document leads elsewhere than the description.
    #[error("the secret's `{member}` is not what the definition of {provider} says")]
    KeyOfAnotherAccount {
        provider: String,
        member: String,
        expected: String,
    },
    /// The pending version is not a rotation of the current one.
    #[error("the pending version differs from the current one in {what}")]
    PendingNamesAnotherTarget { what: String },
    /// No random numbers, no value.
    #[error(transparent)]
    OsGeneratorFailed(#[from] OsGeneratorFailed),

    /// A request cannot be written.
    #[error("{call} cannot be sent: {place} {problem}")]
    RequestUnfit {
        call: String,
        place: String,
        problem: Unfit,
    },
    /// The address is one that no provider has.
    #[error("{call} is not sent: {host} leads to {address}, which {why}")]
    ProviderAddressRefused {
        call: String,
        host: String,
        address: String,
        why: &'static str,
    },
    /// No connection, or none any more.
    #[error("{call}: {detail}")]
    ProviderUnreachable {
        call: String,
        detail: String,
        reached: Reached,
        again: bool,
    },
    /// No TLS that can be trusted.
    #[error("{call}: TLS failed: {detail}")]
    ProviderTlsFailed { call: String, detail: String },
    /// A redirect, which is never followed: the credential would go along.
    #[error("{call} was answered with a redirect ({status}) to {target}")]
    ProviderRedirected {
        call: String,
        status: u16,
        target: String,
    },
    /// The provider does not accept who is asking.
    #[error("{call} was refused with status {status}{}", said(.words))]
    ProviderCredentialRefused {
        call: String,
        status: u16,
        words: String,
    },
    /// Any other refusal.
    #[error("{call} {}{}", not_done(*.status), said(.words))]
    ProviderRefused {
        call: String,
        status: u16,
        words: String,
    },
    /// What the call is about is not there, by AWS's own code for it (`NoSuchEntity`).
    #[strum(serialize = "ProviderRefused")]
    #[error("{call} {}{}", not_done(*.status), said(.words))]
    NotThere {
        call: String,
        status: u16,
        words: String,
    },
    /// An error inside an answer that says success.
    #[strum(serialize = "ProviderRefused")]
    #[error("{call} says, with status {status}, that it failed{}", said(.words))]
    ErrorInside {
        call: String,
        status: u16,
        words: String,
    },
    /// The provider's own failure.
    #[error("{call} failed at the provider with status {status}{}", said(.words))]
    ProviderFailed {
        call: String,
        status: u16,
        words: String,
        again: bool,
    },
    /// Too many requests.
    #[error("{call} was throttled with status {status}")]
    ProviderThrottled { call: String, status: u16 },
    /// The provider asks for more patience than there is time.
    #[strum(serialize = "ProviderThrottled")]
    #[error("{problem}; it is to be asked again in {seconds} s, for which this step has no time")]
    NoTime { problem: String, seconds: u64 },
    /// Success, and nothing that could be used.
    #[error("the answer to {call} {problem}")]
    ProviderAnswerUnusable { call: String, problem: String },

    /// The key is not accepted.
    #[error("{call}: {}{}", refused(*.status, .whose), said(.words))]
    KeyRefused {
        call: String,
        whose: &'static str,
        status: u16,
        words: String,
    },
    /// The key is not accepted, and never will be: the provider does not even list it, or has refused it for long.
    #[strum(serialize = "KeyRefused")]
    #[error("{problem}; {}", given_up(*.listed))]
    KeyGone {
        problem: String,
        /// Whether a list shows that the provider has no such key; otherwise time does.
        listed: bool,
    },
    /// Nothing shows that the keys are those of the secret's owner.
    #[error("neither the current key nor an older one works, so that nothing shows that {} of the secret is right", .open.join(", "))]
    KeyUnproven { provider: String, open: Vec<String> },
    /// Class `staged`: a second key that may be the current one.
    #[error("{provider} has a second key already, and nothing shows that it is not the current one")]
    SecondKeyUnclear { provider: String },
    /// The check says neither yes nor no.
    #[error("{call}: status {status} says neither that the key works nor that it does not{}", said(.words))]
    KeyCheckUnclear {
        call: String,
        status: u16,
        words: String,
        /// The definition calls it a status that passes.
        again: bool,
    },
    /// No room for a new key.
    #[error("{provider} has {count} keys {whose}, and allows {limit}: there is no room for a new one")]
    KeyLimitReached {
        provider: String,
        whose: String,
        count: usize,
        limit: usize,
        ours: String,
    },
    /// A key was revoked, and nothing shows that it is dead.
    #[error("{} of {provider} that should be dead {}{}", keys(*.count), alive(*.listed, *.count), if *.stops { "; an earlier rotation had revoked it already, so no further key is made" } else { "" })]
    RevocationNotShown {
        provider: String,
        count: usize,
        /// It is still listed; otherwise it is still accepted.
        listed: bool,
        /// It is an error: earlier rotations could not show it either.
        stops: bool,
    },
    /// The key that was made is not in the list.
    #[error("the new key is not in the list of {provider}{}", if *.by_id { " under its name, though its id is" } else { "" })]
    KeyNotListed {
        provider: String,
        /// It has its id, and another name or none.
        by_id: bool,
    },
    /// A key that nobody will revoke: only ever a warning.
    #[error("{what}")]
    KeyLeftAlive { what: String, remedy: String },
    /// A displaced key would be revoked too early.
    #[error("the key displaced by the last rotation is to live for {hours} hours, which have not passed")]
    OverlapTooShort { hours: u64 },
    /// The new value was uploaded and is refused; the current one was uploaded again, and works.
    #[error(
        "the provider took the new value and refuses it, so AWSCURRENT's value was uploaded again, and works: {problem}"
    )]
    KeyGivenBack { problem: String },
    /// The same, but the current value does not work either.
    #[error(
        "the provider took the new value and refuses it, and AWSCURRENT's value could not be put back ({why}): {problem}"
    )]
    KeyNotGivenBack { problem: String, why: String },
    /// Another createSecret was faster, and the provider has only room for one value.
    #[error("a value that another createSecret stored was replaced at the provider by this one")]
    KeyLost,
}

/// How far a request came that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The name has no address.
    NoName,
    /// There was no connection.
    Nothing,
    /// The network let it through.
    Provider,
}

/// Why a value cannot be written into a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// Its template.
    #[error(transparent)]
    Template(#[from] Unfilled),
    /// Its place.
    #[error("would have characters that a header cannot have")]
    Header,
    /// An id that the secret does not have.
    #[error("uses {{{{ {name} }}}}, and the secret has no member `{member}`")]
    NoId { name: String, member: String },
    /// A key's name.
    #[error("has another secret's mark in it, out of this secret's name or a parameter")]
    Marked,
    /// A host.
    #[error("is no base for requests: {0}")]
    Base(String),
}

impl ProviderFault {
    /// A success that cannot be used.
    pub(crate) fn unusable(call: impl Into<String>, problem: impl Into<String>) -> Self {
        let (call, problem) = (call.into(), problem.into());
        Self::ProviderAnswerUnusable { call, problem }
    }
}

/// A status that the call's `ok` does not have.
fn not_done(status: u16) -> String {
    if (200..300).contains(&status) {
        format!("was answered with status {status}, which the definition does not call a success")
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

fn keys(count: usize) -> String {
    if count == 1 {
        "1 key".to_owned()
    } else {
        format!("{count} keys")
    }
}

fn alive(listed: bool, count: usize) -> &'static str {
    match (listed, count) {
        (true, 1) => "is still listed",
        (true, _) => "are still listed",
        (false, 1) => "is still accepted",
        (false, _) => "are still accepted",
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
