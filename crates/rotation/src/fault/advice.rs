//! What a fault tells: where to look, whether a retry can help, what to do.

use std::borrow::Cow;

/// The area a cause belongs to: where to look first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The payload, or the state of the secret's staging labels.
    Rotation,
    /// The secret's own value.
    Secret,
    /// The function's settings.
    Configuration,
    /// IAM, KMS or resource policies.
    Permission,
    /// Too many requests, or too many connections.
    Throttling,
    /// Names, routes, ports, security groups, time limits.
    Network,
    /// Certificates, TLS versions, a server without TLS.
    Tls,
    /// A credential was refused.
    Login,
    /// A credential was accepted and may not do what it must.
    Privilege,
    /// The server's rules for passwords.
    Policy,
    /// The server's state: a standby, starting up, broken.
    Server,
    /// Keywheel itself.
    Internal,
}

impl Kind {
    /// The word for logs and metrics, such as `network`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Secret => "secret",
            Self::Configuration => "configuration",
            Self::Permission => "permission",
            Self::Throttling => "throttling",
            Self::Network => "network",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Privilege => "privilege",
            Self::Policy => "policy",
            Self::Server => "server",
            Self::Internal => "internal",
        }
    }
}

/// What a repetition would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prospect {
    /// Nothing until somebody acts.
    #[default]
    Permanent,
    /// It may pass by itself within moments: tried again inside the step's budget.
    Transient,
    /// It may pass by itself within half a minute or so, as something wakes up: tried again for as long as the step's
    /// budget lasts.
    Resuming,
    /// What was read may be a moment behind: read again for about a second.
    Stale,
    /// The pending value itself can never be accepted, and certainly was not: AWSPENDING is taken off its
    /// version, so that the next rotation makes another value.
    PoisonedPending,
}

/// What to do about a fault: the part that is not in its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice<'a> {
    /// Where to look first.
    pub kind: Kind,
    /// Whether a retry can help.
    pub prospect: Prospect,
    /// What to do: lower case, no full stop.
    pub remedy: Cow<'a, str>,
}

impl<'a> Advice<'a> {
    /// Advice for a fault that stays until somebody acts.
    pub fn new(kind: Kind, remedy: impl Into<Cow<'a, str>>) -> Self {
        Self {
            kind,
            prospect: Prospect::Permanent,
            remedy: remedy.into(),
        }
    }

    /// The same advice with another prospect.
    #[must_use]
    pub fn with(mut self, prospect: Prospect) -> Self {
        self.prospect = prospect;
        self
    }
}
