//! A local AWS Secrets Manager that runs rotations as AWS does, and hosts the rotation functions as
//! Lambda does. **For tests and laptops, not for production**: it checks no signature, keeps secrets
//! in memory in the clear, and forgets everything when it ends.
//!
//! A call goes down through these modules, and its answer comes back up:
//!
//! ```text
//! server   LocalSecretsManager and its Builder: set up, started, asked, stopped
//! wire     HTTP: the Secrets Manager API, the Invoke API, the control API under /_local
//! engine   carries out a call; runs a rotation's steps, retries them; begins what a schedule asks for
//! faults   what a test injects, and the quotas      records   the calls and rotations so far
//! api      a call's parameters and answer as JSON        model      what the service model allows
//! state    the secrets and their staging labels     lambda    a function's processes, its Runtime API, its log
//! ```
//!
//! `api` and `state` are pure: time and fresh ids are arguments. Start at `state::rotate` to see how staging labels
//! move in a rotation, at `engine::rotations` to see who invokes the function, and when.
//!
//! What it does not do: IAM (resource policies are kept and checked for their form, not enforced), encryption,
//! persistence.
//!
//! ```no_run
//! use secrets_manager_local::{Effect, Fault, Function, LocalSecretsManager, RotationOutcome};
//!
//! # async fn example() -> std::io::Result<()> {
//! let server = LocalSecretsManager::builder()
//!     .function(Function::new("rotate", "target/debug/rotate-postgres-single-user"))
//!     .start()
//!     .await?;
//! // Create a secret and call RotateSecret through any SDK at `server.url()`, then:
//! server.faults().inject(Fault::new(Effect::KillAfter).on("PutSecretValue").by_function("rotate"));
//! let run = server.wait_for_rotation("db", "6f3c9a52-7c1e-4d57-9b1a-0c5f4a7d9e21").await;
//! assert_eq!(run.and_then(|run| run.outcome), Some(RotationOutcome::Succeeded));
//! # Ok(())
//! # }
//! ```

mod api;
mod arn;
mod clock;
mod engine;
mod faults;
mod http;
mod lambda;
mod model;
mod records;
mod server;
mod state;
mod sync;
mod wire;

#[cfg(test)]
#[path = "../tests/facts/mod.rs"]
mod facts;

pub use arn::{ACCOUNT, REGION, function_arn};
pub use clock::Clock;
pub use faults::{Calls, Effect, Fault, FaultId, Faults, InjectedFault};
pub use lambda::{Function, FunctionError, InvalidFunction, Invocation};
pub use records::{Attempt, CallRecord, RotationOutcome, RotationRun, StepRun};
pub use server::{Builder, InMemory, LocalSecretsManager};
pub use state::{ApiError, ErrorCode, PendingRemoval, TrailEvent, TrailEventName};
