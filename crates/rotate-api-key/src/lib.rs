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

pub mod call;
pub mod class;
pub mod client;
pub mod clock;
pub mod description;
pub mod fault;
pub mod health;
pub mod http;
pub mod key;
pub mod notation;
pub mod provider;
pub mod scrub;
pub mod settings;
pub mod target;
#[cfg(test)]
mod tests;

pub use description::{Description, DescriptionError, Problem};
pub use fault::{CODES, ProviderFault};
pub use settings::Settings;
pub use target::ApiKey;
