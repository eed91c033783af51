//! What can go wrong with a provider: the faults and their texts, and what to do about each. The faults of secret values,
//! settings of passwords and Secrets Manager belong to the crates that have them.

mod advice;
mod provider_fault;

pub use provider_fault::{CODES, ProviderFault, Unfit};
