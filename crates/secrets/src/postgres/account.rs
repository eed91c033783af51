//! Whether two versions of a secret name the same account.

use super::fields::DEFAULT_PORT;
use super::secret::PostgresSecret;
use crate::error::Mismatch;

impl PostgresSecret {
    /// Checks that this version, the pending one, differs from `current` in nothing but its password.
    ///
    /// Otherwise a pending version that names another valid account would pass every login and become the
    /// current one. Compared are user, host (without regard to case), port (5432 if none),
    /// database, TLS mode, TLS server name, admin secret, owner role and engine; not the password, and not the form.
    pub fn same_account_as(&self, current: &Self) -> Result<(), Mismatch> {
        let (user, current_user) = (self.username(), current.username());
        if user != current_user {
            return Err(Mismatch::of_users(user, current_user));
        }
        self.same_place_as(current)
    }

    /// The same without the user: alternating users share everything else.
    ///
    /// # Errors
    /// The first field that differs.
    pub fn same_place_as(&self, current: &Self) -> Result<(), Mismatch> {
        let pairs = self.place().into_iter().zip(current.place());
        for ((field, pending), (_, current)) in pairs {
            if pending != current {
                return Err(Mismatch {
                    field,
                    pending,
                    current,
                });
            }
        }
        Ok(())
    }

    /// Where the account is and how it is reached, each value in a spelling that can be compared.
    fn place(&self) -> [(&'static str, Option<String>); 8] {
        let own = |value: Option<&str>| value.map(str::to_owned);
        [
            ("host", self.host().map(str::to_ascii_lowercase)),
            ("port", Some(self.port().unwrap_or(DEFAULT_PORT).to_string())),
            ("dbname", own(self.dbname())),
            ("sslmode", self.tls().map(|mode| mode.to_string())),
            ("tls_server_name", own(self.tls_server_name())),
            ("masterarn", own(self.masterarn())),
            ("ownerrole", own(self.ownerrole())),
            ("engine", own(self.engine())),
        ]
    }
}
