//! What is done to one role: its logins, the change of its password, and the tests of a password.
//!
//! It does not decide which password to try or to set, and does not find the server: `single_user` and `alternating` do.

pub(crate) mod change;
pub(crate) mod commit;
pub(crate) mod encoded;
pub(crate) mod login_attempts;
pub(crate) mod pending_login;
pub(crate) mod test_sql;
pub(crate) mod transaction;
pub(crate) mod verifier;
