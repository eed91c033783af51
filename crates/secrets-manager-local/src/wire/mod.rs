//! The APIs that the server answers over HTTP: Secrets Manager's, what rotations need of Lambda's, CloudWatch Logs',
//! `CloudTrail`'s and STS's, and the control API.
//!
//! This folder reads requests and writes answers; `engine` does the work. The Runtime API of a function is in `lambda`.

mod access;
mod control;
mod credential;
mod invoke_api;
mod lambda_api;
mod lambda_changes;
mod logs_api;
mod metrics_api;
mod page;
mod routes;
mod secrets_api;
mod sts_api;
mod trail_api;

pub(crate) use routes::routes;
