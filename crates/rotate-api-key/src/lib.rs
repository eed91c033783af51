//! Rotates API keys of any provider that is described.
//!
//! ```text
//! description (TOML) ─▶ Description ─┐
//! secret, tags, settings ─▶ Job ─────┼─▶ request ─▶ http (bounded, verified, not redirected) ─▶ answer
//!                                    │   pure                                                   pure
//!            class: overlap · in-place · staged · chosen · none, and AWS IAM natively
//! ```
//!
//! - [`ApiKey`] is the target of the function `rotate-api-key`; the function's binary is one line around it.
//! - [`Description`] is what a provider is described by; [`Registry`](registry::Registry) has those that a function knows.
//! - [`Settings`] is all that comes from the environment.
//! - [`ProviderFault`] is all that can go wrong; [`CODES`] are its stable names.
//!
//! A description, which an operator deploys, decides the hosts; a secret names the description and fills its parameters.
//!
//! What it does not do: it knows no staging label, and talks neither to Secrets Manager nor to Lambda: `rotation` does.

pub mod address;
pub mod answer;
pub mod base;
pub mod checking;
pub mod chosen;
pub mod client;
pub mod clock;
pub mod description;
mod fault;
pub mod grant;
#[cfg(test)]
mod hostile;
pub mod http;
pub mod iam;
pub mod in_place;
pub mod issuer;
pub mod job;
pub mod json;
pub mod key;
pub mod mark;
pub mod net;
pub mod overlap;
pub mod pointer;
pub mod proof;
pub mod provider;
pub mod registry;
pub mod request;
pub mod roots;
pub mod settings;
pub mod shipped;
pub mod slot;
pub mod staged;
pub mod status;
pub mod target;
pub mod template;
pub mod vars;

pub use description::{Description, DescriptionError, Problem};
pub use fault::{CODES, ProviderFault};
pub use settings::Settings;
pub use shipped::SHIPPED;
pub use target::ApiKey;
