//! Rotates the passwords of PostgreSQL roles.
//!
//! ```text
//! document + settings ─▶ Endpoint ─▶ net (name, TCP) ─▶ connect (TLS, login) ─▶ Session ─▶ Change (ALTER ROLE)
//!                        pure          each phase with its own cause              simple queries
//! ```
//!
//! - [`SingleUser`] is the target of the function `rotate-postgres-single-user`, [`AlternatingUsers`] that of
//!   `rotate-postgres-alternating-users`; a function's binary is one line around it.
//! - [`Settings`] is all that comes from the environment.
//! - [`PostgresFault`] is all that can go wrong with a server, [`AlternatingFault`] what can between two users; [`CODES`] and
//!   [`ALTERNATING_CODES`] are their stable names.
//!
//! A new password goes to the server as a SCRAM-SHA-256 [`verifier`]; the connection is verified TLS unless the
//! document itself says otherwise, and never falls back to less.
//!
//! What it does not do: it knows no staging label, and talks neither to Secrets Manager nor to Lambda: `rotation` does.

pub mod admin;
mod alternating;
pub mod fault;
pub mod rds;
pub mod role;
pub mod server;
pub mod settings;
mod single_user;
mod ttl_cache;

pub use admin::CODES as ADMIN_CODES;
pub use alternating::{AlternatingFault, AlternatingUsers, CODES as ALTERNATING_CODES};
pub use fault::{CODES, PostgresFault};
pub use settings::Settings;
pub use single_user::SingleUser;
