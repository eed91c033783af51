//! The servers that the end-to-end tests and the demo need, on one machine and without an administrator.
//!
//! [`postgres`] starts real PostgreSQL servers and gives each test a role and a database of its own, [`net`] plays bad
//! networks and bad servers, [`moto`] plays RDS and IAM, [`peers`] issue keys, [`consumers`] read the secrets, [`scripted`] is a provider of API keys that
//! behaves as it is told, [`fleet`] has many secrets and a function that needs no server, [`certificates`] makes good and bad certificates, [`functions`] builds the function binaries,
//! [`variables`] lists their environment variables, and [`tools`] finds what `scripts/setup` installed. It knows nothing of rotations: the tests do.

pub mod calls;
pub mod canary;
pub mod certificates;
pub mod consumers;
pub mod fleet;
pub mod functions;
pub mod http;
pub mod invariants;
pub mod keys;
pub mod matrix;
pub mod moto;
pub mod net;
pub mod pair;
pub mod peers;
pub mod postgres;
pub mod process;
pub mod rds;
pub mod recorded;
pub mod refusal;
pub mod scripted;
pub mod tools;
pub mod variables;
pub mod world;
