//! The commands that need no network: the runbook's pages, and what a password policy gives.
//! None of them looks at an AWS account.

pub(crate) mod explain;
pub(crate) mod passwords;
