//! Drives one step of a rotation, and is the only crate that talks to Secrets Manager and to Lambda's runtime.
//!
//! ```text
//! payload ─▶ Event ─▶ labels (read) ─▶ plan(step, labels, token) ─▶ one action ─▶ one log line, one metric
//!                                       in staging-labels           │
//!                            Target: read · check_pair · propose · apply · verify
//! ```
//!
//! It does not know what it rotates: a [`Target`] does. A target knows no staging label: it is handed a current
//! and a pending document, and asks its [`Context`] for more if it must.
//!
//! - [`lambda::main`] is a function's whole `main`.
//! - [`Store`](store::Store) is Secrets Manager without the calls that can lock somebody out.
//! - [`Fault`] is an error with a stable code, a kind, and a remedy; [`Cause`] is any of them.
//! - [`Budget`] bounds every wait by what is left of Lambda's limit.

mod budget;
mod context;
pub mod driver;
mod error;
mod event;
mod fault;
mod foreign;
pub mod lambda;
pub mod logging;
pub mod metrics;
mod panics;
mod refusal;
pub mod store;
mod target;

pub use budget::retry;
pub use context::{Context, Past};
pub use error::Error;
pub use event::{Event, Malformed, SecretId};
pub use fault::{Advice, Cause, Fault, Kind, Prospect};
pub use outbound::{Budget, TimedOut};
pub use refusal::Refusal;
pub use staging_labels::{Step, VersionId};
pub use target::Target;
pub use {password, secrets};

/// Every code that this crate's own faults answer with; each has a page in the runbook.
pub const CODES: &[&str] = &[
    "ConfigurationInvalid",
    "CurrentMissing",
    "CurrentMoved",
    "DeadlineExceeded",
    "EventMalformed",
    "Internal",
    "KmsDenied",
    "PendingMissing",
    "PermissionDenied",
    "PromoteConflict",
    "RoleNotAssumed",
    "RotationAbandoned",
    "RotationCancelled",
    "SecretDeleted",
    "SecretIsBinary",
    "SecretNotFound",
    "SecretsManagerFailed",
    "SecretsManagerUnreachable",
    "StepUnknown",
    "Throttled",
    "VersionUnknown",
];
