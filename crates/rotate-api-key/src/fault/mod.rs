//! What can go wrong with a provider: the faults and their texts, and what to do about each. The faults of secret values,
//! settings of passwords and Secrets Manager belong to the crates that have them.

mod advice;
mod provider_fault;
mod question;

pub use provider_fault::CODES;
pub(crate) use provider_fault::{ProviderFault, Reached, Unfit};
pub(crate) use question::{
    is_credential_refused, is_key_elsewhere, is_key_refused, is_not_there, is_refused, is_request_unfit,
    shows_nothing,
};
