//! Secrets Manager, reduced to what a rotation may do.
//!
//! There is no general put. `PutSecretValue` without staging labels moves AWSCURRENT, so the one write of a value always
//! names AWSPENDING. AWSCURRENT moves by a compare-and-swap that takes a witness: a login just now
//! ([`Verified`]), or a change that is still open ([`Prepared`](crate::Prepared)).
//! No method decides what comes next: the driver does.

mod calls;
mod client;
mod fault;
mod moves;
mod not_assumed;
mod replicas;
mod roles;
mod sync;
mod verified;

pub(crate) use calls::{Description, Staged, Version};
pub use calls::{Store, Tags};
pub(crate) use fault::StoreFault;
pub(crate) use moves::{MOVE, Moved, READ};
pub(crate) use replicas::{Replica, ReplicaFault, behind, failed};
pub use verified::Verified;
