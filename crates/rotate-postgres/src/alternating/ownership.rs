//! Whether this secret may speak for its role: asked before the admin's credential is used.
//!
//! A person who may write the secret could name any role in it. A password of the pair that logs in shows that the secret is the role's
//! own: AWSCURRENT's, as a rule. If somebody changed that one by hand, AWSPENDING's (the work was done already) or AWSPREVIOUS's
//! (the idle role's, good until it is reset) shows the same. In a database that was restored from a snapshot both are as they were
//! then: the version that logs in has lost its label since.

use rotation::secrets::{Declared, PostgresSecret};
use rotation::{Cause, Context};
use secrecy::SecretString;

use super::fault::AlternatingFault;
use super::plan::names::Pair;
use crate::admin::Primary;
use crate::role::encoded;
use crate::role::login_attempts::LoginAttempts;
use crate::server::endpoint::Endpoint;
use crate::server::session::Session;

/// What logs in, and what was tried before.
pub(super) struct Ownership<'a, 't> {
    pub(super) primary: &'a Primary,
    /// Where the secret leads.
    pub(super) endpoint: &'a Endpoint,
    /// The same server, over the connection that the superuser will use: a weaker one would show who answers there, and no more.
    pub(super) proof: &'a Endpoint,
    pub(super) context: &'a Context<'a>,
    /// How the secret's versions are to be read.
    pub(super) declared: Declared,
    pub(super) attempts: &'a mut LoginAttempts<'t>,
}

impl Ownership<'_, '_> {
    /// A session of one credential; none if the server refused it.
    ///
    /// # Errors
    /// What is not the credential's fault: no other would help. `ServerNotProven` for a login that shows nothing.
    pub(super) async fn log_in(
        &mut self,
        name: &str,
        secret: &PostgresSecret,
    ) -> Result<Option<Session>, Cause> {
        let (role, password) = (secret.username(), secret.password());
        let credential = format!("{name}, role {role:?}");
        let session = self.attempts.attempt(credential, self.proof, role, password);
        let Some(session) = session.await? else {
            return Ok(None);
        };
        if let Err(fault) = session.check_proof(role) {
            session.close().await;
            return Err(fault.into());
        }
        Ok(Some(session))
    }

    /// Whether the pending, the previous or an older version logs in, after the current one did not. Where it was not the password that the
    /// server refused, somebody may have locked the application out: the other user would be a way around that.
    ///
    /// # Errors
    /// `CurrentUnproven`, with all that was tried; Secrets Manager's refusal.
    pub(super) async fn without_current(
        mut self,
        pair: &Pair,
        current: &PostgresSecret,
        pending: &PostgresSecret,
    ) -> Result<(), Cause> {
        if self.is_locked() {
            return Err(self.unproven(current).into());
        }
        encoded::check(current, self.proof, self.attempts).await?;
        let previous = self.previous(pair).await?;
        for (name, secret) in [
            ("the pending version", Some(pending)),
            ("the previous version", previous.as_ref()),
        ] {
            let Some(secret) = secret else { continue };
            if let Some(session) = self.log_in(name, secret).await? {
                session.close().await;
                say_proven(name);
                return Ok(());
            }
        }
        if let Some(version) = self.older(pair).await? {
            say_proven(&version);
            return Ok(());
        }
        Err(self.unproven(current).into())
    }

    /// A version without a label that logs in, the newest first.
    async fn older(&mut self, pair: &Pair) -> Result<Option<String>, Cause> {
        const OLDER: &str = "the versions without a label";
        if self.is_locked() || !self.attempts.in_time_for(OLDER) {
            return Ok(None);
        }
        let versions = self.context.deprecated().await.map(Some);
        for version in self.attempts.readable(OLDER, versions)?.unwrap_or_default() {
            if self.is_locked() || self.attempts.is_exhausted(OLDER) || !self.attempts.in_time_for(OLDER) {
                break;
            }
            let name = format!("version {version}");
            let text = self.context.version(&version).await;
            let Some(text) = self.attempts.readable(&name, text)? else {
                continue;
            };
            let Some(secret) = self.of_the_pair(&text, pair).await else {
                continue;
            };
            if let Some(session) = self.log_in(&name, &secret).await? {
                session.close().await;
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Whether a login was refused for another reason than its password (SQLSTATE 28000): a role that was locked, or
    /// `pg_hba.conf`.
    pub(super) fn is_locked(&self) -> bool {
        !self.attempts.passwords_are_wrong()
    }

    /// The version before the current one, if it is of the pair and of the same server.
    pub(super) async fn previous(&self, pair: &Pair) -> Result<Option<PostgresSecret>, Cause> {
        match self.context.previous().await? {
            Some(text) => Ok(self.of_the_pair(&text, pair).await),
            None => Ok(None),
        }
    }

    /// A version's document, if it is one, of one of the two roles, and of the same server.
    async fn of_the_pair(&self, text: &SecretString, pair: &Pair) -> Option<PostgresSecret> {
        let secret = PostgresSecret::parse_declared(text, &self.declared).ok()?;
        let of_the_pair = [pair.original.as_str(), pair.clone.as_str()].contains(&secret.username());
        let here = of_the_pair && self.primary.leads_to(self.endpoint, &secret, self.context).await;
        here.then_some(secret)
    }

    /// Nothing logged in.
    pub(super) fn unproven(self, current: &PostgresSecret) -> AlternatingFault {
        AlternatingFault::CurrentUnproven {
            server: self.endpoint.server(),
            role: current.username().to_owned(),
            tried: self.attempts.tried(),
        }
    }
}

fn say_proven(version: &str) {
    tracing::warn!(
        login.with = version,
        "AWSCURRENT does not log in any more; {version} does, and shows that the secret is the role's"
    );
}
