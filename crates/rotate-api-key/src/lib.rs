//! Rotates API keys of any provider that has a definition: the target of the function `rotate-api-key`.
//!
//! ```text
//! definition (TOML) ─▶ Description ──┐
//! secret, tags, settings ─▶ Client ──┼─▶ request ─▶ http (bounded, verified, not redirected) ─▶ answer
//!                                    │   pure                                                   pure
//!            class: overlap · in-place · staged · chosen · none, and AWS IAM in code
//! ```
//!
//! What it is not: it knows no staging label, and talks neither to Secrets Manager nor to Lambda. `rotation` does both.
//!
//! # Where to start
//! [`ApiKey`] in `target/api_key.rs`. Each step opens a `client` (which provider, which parameters, which credentials), chooses the
//! `class` once, and runs that class's part of the step. The folders below, from the top:
//!
//! | folder | what it knows |
//! |---|---|
//! | `class` | what each class does in each step |
//! | `provider` | how keys are listed, made and revoked: by a definition, or in code for AWS IAM |
//! | `health` | whether a key works, and whose it is |
//! | `client` | one step's parameters and credentials |
//! | `call` | one call: request, answer, retries |
//! | `http`, `settings` | one exchange; the function's environment |
//! | `fault` | what can go wrong, and what to do about it |
//! | `description` | a provider's definition, and the rules that it must pass |
//! | `notation`, `key` | templates and pointers; a key and the mark in its name |
//!
//! # From TOML to a request
//! 1. `settings::registry` reads the operator's files. `settings::builtin` has the definitions inside the function.
//! 2. [`Description::load`] parses one (`description::definition`, `description::call`) and checks it (`description::check`).
//! 3. `client::open` finds the definition that the secret names, and fills its parameters: the function's value first, then
//!    the secret's, the tags', the default. The definition, which an operator deploys, decides the hosts, never a secret.
//! 4. A class asks for a call, such as `create`. `client` puts together what its templates may use (`client::variables`), and
//!    mints a token if `auth.mint` asks for one.
//! 5. `call::request` fills in the templates and writes the request; `http` sends it; `call::answer` says what came of it.
//!
//! # Credentials in memory
//! Values that are kept are `SecretString` or `Password`, which hide themselves from `Debug`. Memory is not wiped by hand:
//! copies stay in the template engine, in HTTP's and TLS's buffers, and only the function itself can read its memory.

mod call;
mod class;
mod client;
mod clock;
mod description;
mod fault;
mod health;
mod http;
mod key;
mod notation;
mod provider;
mod settings;
mod target;
#[cfg(test)]
mod tests;

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

/// What holds for every input, as functions of arbitrary bytes: for the targets in `fuzz/`.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::call::fuzzing::answer;
    pub use crate::description::fuzzing::definition;
    pub use crate::notation::fuzzing::template;
}

pub use description::{Description, DescriptionError};
pub use fault::CODES;
pub use key::Marks;
pub use settings::variables::VARIABLES;
pub use target::ApiKey;
#[cfg(feature = "trial")]
pub use target::trial;
