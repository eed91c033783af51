//! The APIs that the server answers over HTTP: Secrets Manager's, what rotations need of Lambda's and of CloudWatch Logs', and the
//! control API.
//!
//! This folder reads requests and writes answers; `engine` does the work. The Runtime API of a function is in `lambda`.

mod control;
mod invoke_api;
mod lambda_api;
mod logs_api;
mod routes;
mod secrets_api;

pub(crate) use routes::routes;
