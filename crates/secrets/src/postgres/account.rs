//! Whether two versions of a secret name the same account.

use super::PostgresSecret;
use crate::shown::Shown;

const DEFAULT_PORT: u16 = 5432;

/// A pending version that would log in elsewhere, or as somebody else, than the current one.
///
/// The values are no credentials, so they may be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pending version names another account: its `{field}` is {}, the current version's is {}",
    shown(.pending.as_deref()), shown(.current.as_deref())
)]
pub struct Mismatch {
    /// The key that differs, the first of several.
    pub field: &'static str,
    /// Its value in the pending version.
    pub pending: Option<String>,
    /// Its value in the current version.
    pub current: Option<String>,
}

impl Mismatch {
    /// The stable code, one of [`CODES`](crate::CODES).
    pub const fn code(&self) -> &'static str {
        "PendingNamesAnotherAccount"
    }

    /// Two users, of whom `pending` is not to follow `current`.
    pub fn of_users(pending: &str, current: &str) -> Self {
        Self {
            field: "username",
            pending: Some(pending.to_owned()),
            current: Some(current.to_owned()),
        }
    }

    /// What to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        "take AWSPENDING off that version (aws secretsmanager update-secret-version-stage --remove-from-version-id), and rotate anew; to change the account itself, write the whole secret by hand".to_owned()
    }
}

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

    /// The same without the user: two that take turns share everything else.
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

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "not given".to_owned(), |value| Shown(value).to_string())
}
