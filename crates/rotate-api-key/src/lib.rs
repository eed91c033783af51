//! Rotates API keys of any provider that is described.
//!
//! ```text
//! description (TOML) ─▶ Description ─┐
//! secret, tags, settings ─▶ Client ─────┼─▶ request ─▶ http (bounded, verified, not redirected) ─▶ answer
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
mod scrub;
mod settings;
mod target;
#[cfg(test)]
mod tests;

pub use description::{Description, DescriptionError};
pub use fault::CODES;
pub use key::Marks;
pub use target::ApiKey;
