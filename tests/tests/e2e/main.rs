//! The end-to-end tests: real functions, real servers, one binary.
//!
//! Run them with `make test`, which provides the servers; `make test ARGS=name` runs those whose name contains `name`.

mod alternating;
mod api_keys;
mod book;
mod clients;
mod consumers;
mod copies;
mod crash;
mod driver;
mod events;
mod followers;
mod forms;
mod harness;
mod healing;
mod keywheel;
mod local_secrets_manager;
mod network;
mod peers;
mod pending_removal;
mod policy;
mod providers;
mod rds;
mod reference;
mod refusals;
mod rehearsal;
mod replicas;
mod roles;
mod rotation;
mod runbook;
mod silence;
mod superuser_secrets;
mod switch;
mod templates;
mod tls;
mod twins;
