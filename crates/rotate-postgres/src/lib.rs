//! Rotates the passwords of PostgreSQL roles: the two functions `rotate-postgres-single-user` and
//! `rotate-postgres-alternating-users`. A function's binary is one line around [`SingleUser`] or [`AlternatingUsers`].
//!
//! It knows no staging label, and talks neither to Secrets Manager nor to Lambda: `rotation` does, and calls a target's
//! `propose`, `apply` and `verify`. It does not read a secret's document itself: `secrets` does.
//!
//! # Where to start
//! Start at [`SingleUser`] (`single_user/mod.rs`): its documentation states the order of logins. Each folder has a `mod.rs` that
//! says what lives there.
//!
//! A password's way goes down, from a function to the admin or the role, and from there to the server:
//!
//! ```text
//! single_user, alternating   which password to try, which role gets a new one, and who sets it
//!    │            │
//!    ▼            ▼
//!  admin         role        admin: the superuser secret, or a role that logs in by IAM, for this very server
//!    │            │          role: tries passwords, sends ALTER ROLE in a transaction, runs TEST_SQL
//!    ▼            ▼
//!        server              where it is, TCP, TLS, the login, a session, questions in SQL
//!          │
//!          ▼
//!    rds, settings           what RDS's names and its API say; the environment
//! ```
//!
//! The server gets a SCRAM-SHA-256 verifier instead of the password, unless `PASSWORD_SENT_AS` says otherwise. The connection
//! is verified TLS unless the secret itself says otherwise, and never falls back to less.
//!
//! # Errors
//! Each fault has a stable code, with a page in `docs/runbook`: [`CODES`] of any server, [`ADMIN_CODES`], [`RDS_CODES`], and
//! [`ALTERNATING_CODES`]. Some codes are in more than one list.

mod admin;
mod alternating;
mod copies;
mod fault;
mod rds;
mod role;
mod server;
mod settings;
mod single_user;
mod trial;
mod ttl_cache;

pub use admin::CODES as ADMIN_CODES;
pub use alternating::{AlternatingUsers, CODES as ALTERNATING_CODES};
pub use fault::CODES;
pub use rds::{CODES as RDS_CODES, EndpointKind, RdsName};
pub use settings::variables::VARIABLES;
pub use single_user::SingleUser;
pub use trial::{LOGIN_VARIABLES, Tried, read_value, strategy_of, try_login};
