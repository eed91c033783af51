//! Two users alternate: one is in use, the other gets the new password.
//!
//! `apply` and `verify` are the steps, `users` is what they share, and `plan` decides what has to change without asking
//! anybody. The change of the password itself is in `role`.

mod apply;
mod fault;
mod idle_sessions;
mod mend;
mod own_rights;
mod ownership;
mod plan;
mod rehearsal;
mod users;
mod verify;

use rotation::secrets::{Mismatch, PostgresSecret};
use rotation::{Cause, Context, NoTransaction, Strategy, Tags, Target};
use secrecy::SecretString;

pub use self::fault::CODES;
use self::plan::names::Pair;
pub use self::users::AlternatingUsers;
use crate::copies;
use crate::fault::PostgresFault;
use crate::role::login_attempts::LoginAttempts;

/// Whether two roles alternate, by their names.
pub(crate) fn alternate(current: &str, pending: &str) -> bool {
    Pair::of_turn(current, pending).is_some()
}

impl Target for AlternatingUsers {
    const STRATEGY: Strategy = Strategy::AlternatingUsers;
    type Secret = PostgresSecret;
    type Prepared = NoTransaction;

    /// Right before the password changes: the change does not rest on the idle user's own.
    fn confirms(&self) -> bool {
        true
    }

    fn expects(&self, secret: &str) -> Option<String> {
        self.admins.expected(secret)
    }

    fn read(&self, text: &SecretString, _: &Tags) -> Result<PostgresSecret, Cause> {
        if PostgresSecret::may_be_bare(text) {
            return Err(PostgresFault::BarePasswordAlternates.into());
        }
        Ok(PostgresSecret::parse_declared(text, &self.settings.declared())?)
    }

    fn text<'a>(&self, secret: &'a PostgresSecret) -> &'a SecretString {
        secret.text()
    }

    /// The other user of the pair; or the same one: in a test rotation, a copy of the current version, and where
    /// AWSCURRENT was moved after this version was made, one whose turn has passed.
    fn check_pair(&self, current: &PostgresSecret, pending: &PostgresSecret) -> Result<(), Cause> {
        pending.same_place_as(current).map_err(PostgresFault::from)?;
        let (now, next) = (current.username(), pending.username());
        if now == next || Pair::of_turn(now, next).is_some() {
            Ok(())
        } else {
            Err(PostgresFault::from(Mismatch::of_users(next, now)).into())
        }
    }

    async fn propose(
        &self,
        current: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<PostgresSecret, Cause> {
        self.check_admin_named(current, context)?;
        let mut attempts = LoginAttempts::new(&self.tls, context.budget());
        let next = async || {
            let endpoint = self.admins.primary.endpoint(current, context).await?;
            self.next_user(current, &endpoint, &mut attempts, context).await
        };
        let user = self.admins.primary.retry(current, context, next).await?;
        let password = copies::next_password(current, &self.settings)?;
        Ok(copies::rotated(current, &user, &password, &self.settings)?)
    }

    async fn apply(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let mut attempts = LoginAttempts::new(&self.tls, context.budget());
        let attempt = async || self.set(current, pending, &mut attempts, context).await;
        self.admins.primary.retry(current, context, attempt).await
    }

    async fn verify(
        &self,
        current: &PostgresSecret,
        pending: &PostgresSecret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let attempt = async || self.try_out(current, pending, context).await;
        self.admins.primary.retry(pending, context, attempt).await
    }
}
