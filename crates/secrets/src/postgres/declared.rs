//! What the operator says of secrets that do not say it themselves: whose password a bare text is, and which members are Base64.

use std::collections::BTreeSet;

/// Whose password a bare text is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The role.
    pub username: String,
    /// The server.
    pub host: String,
    /// Its port; none means PostgreSQL's.
    pub port: Option<u16>,
    /// The database to log in to; none means `postgres`.
    pub dbname: Option<String>,
}

/// How secrets are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Whose password a bare text is; without it such a text is refused.
    pub login: Option<Login>,
    /// Members of a JSON object that are Base64, such as `password`: of those in [`FIELDS`](crate::FIELDS).
    pub base64: BTreeSet<String>,
}

impl Declared {
    pub(super) fn is_base64(&self, key: &str) -> bool {
        self.base64.contains(key)
    }
}
