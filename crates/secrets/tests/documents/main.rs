//! The documents from outside: every form, every refusal, and what holds for all of them.

mod account;
mod common;
mod copies;
mod declared;
mod forms;
mod properties;
mod refusals;
mod tls;
