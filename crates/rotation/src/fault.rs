//! What went wrong, in a form that an on-call engineer and a program can both use.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The area a cause belongs to: where to look first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The payload, or the state of the secret's staging labels.
    Rotation,
    /// The secret's own document.
    Document,
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
            Self::Document => "document",
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

/// An error that says what to do. Its `Display` is the problem alone: lower case, no full stop, no secret
/// value, neither the remedy nor the source repeated.
pub trait Fault: StdError + Any + Send + Sync {
    /// The stable name, in upper camel case; `docs/runbook/<code>.md` explains it. The enums take it from the name of the
    /// variant (`strum::IntoStaticStr`), and the lists of codes from the same place (`strum::VariantNames`).
    fn code(&self) -> &'static str;

    /// Kind, prospect and remedy.
    fn advice(&self) -> Advice<'_> {
        Advice::new(self.kind(), self.remedy()).with(self.prospect())
    }

    /// Where to look first. For the move to `advice`: goes when no enum states it any more.
    fn kind(&self) -> Kind {
        self.advice().kind
    }

    /// What to do. For the move to `advice`.
    fn remedy(&self) -> Cow<'_, str> {
        self.advice().remedy
    }

    /// Whether to try again. For the move to `advice`.
    fn prospect(&self) -> Prospect {
        Prospect::Permanent
    }
}

/// Any [`Fault`], as the steps return it.
#[derive(Clone)]
pub struct Cause(Arc<dyn Fault>);

impl Cause {
    /// The stable name of the cause.
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    /// Where to look first.
    pub fn kind(&self) -> Kind {
        self.0.advice().kind
    }

    /// What to do.
    pub fn remedy(&self) -> Cow<'_, str> {
        self.0.advice().remedy
    }

    /// Whether to try again.
    pub fn prospect(&self) -> Prospect {
        self.0.advice().prospect
    }

    /// The fault itself, if it is an `F`: decisions ask for a variant, never for a code.
    pub fn as_fault<F: Fault>(&self) -> Option<&F> {
        let any: &dyn Any = &*self.0;
        any.downcast_ref()
    }

    /// The problem with all its sources, without the remedy.
    pub fn problem(&self) -> impl fmt::Display + '_ {
        outbound::chain(&*self.0)
    }
}

impl<F: Fault> From<F> for Cause {
    fn from(fault: F) -> Self {
        Self(Arc::new(fault))
    }
}

/// `problem: source: source; remedy`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.problem(), self.remedy())
    }
}

/// As `Display`: a derived `Debug` of a foreign error may hold a response's body.
impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", self.code())
    }
}
