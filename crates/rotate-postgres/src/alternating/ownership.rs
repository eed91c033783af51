//! Whether this secret may speak for its role: asked before the admin's credential is used.
//!
//! Whoever may write the secret could name any role in it. A password of the pair that logs in shows that the secret is the role's
//! own: AWSCURRENT's, as a rule. If somebody changed that one by hand, AWSPENDING's (the work was done already) or AWSPREVIOUS's
//! (the idle role's, good until it is reset) shows the same.

use rotation::password::Password;
use rotation::secrets::PostgresSecret;
use rotation::{Cause, Context};

use super::fault::AlternatingFault;
use super::plan::names::Pair;
use crate::fault::Tried;
use crate::server::denial::Denial;
use crate::server::endpoint::Endpoint;
use crate::server::login;
use crate::server::session::Session;
use crate::server::tls::Tls;
use crate::settings::Settings;

/// What logs in, and what was tried before.
pub(crate) struct Prover<'a> {
    pub(crate) tls: &'a Tls,
    pub(crate) settings: &'a Settings,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) context: &'a Context<'a>,
    tried: Vec<Tried>,
    seen: Vec<Password>,
    /// The server refused a login for another reason than its password (SQLSTATE 28000): a role that was locked, or `pg_hba.conf`.
    locked: bool,
}

impl<'a> Prover<'a> {
    /// Nothing is tried yet.
    pub(crate) fn new(
        tls: &'a Tls,
        settings: &'a Settings,
        endpoint: &'a Endpoint,
        context: &'a Context<'a>,
    ) -> Self {
        Self {
            tls,
            settings,
            endpoint,
            context,
            tried: Vec::new(),
            seen: Vec::new(),
            locked: false,
        }
    }

    /// A session of one credential; none if the server refused it.
    ///
    /// # Errors
    /// Whatever is not the credential's fault: no other would help.
    pub(crate) async fn try_one(
        &mut self,
        name: &str,
        secret: &PostgresSecret,
    ) -> Result<Option<Session>, Cause> {
        let (role, password) = (secret.username(), secret.password());
        let answer = login::log_in_after(
            self.tls,
            self.endpoint,
            role,
            password,
            &self.seen,
            self.context.budget(),
        )
        .await;
        self.seen.push(password.clone());
        match answer {
            Ok(session) => Ok(Some(session)),
            Err(Denial::Refused(said)) => {
                self.locked |= !said.is_of_the_password();
                self.tried.push(Tried {
                    credential: format!("{name}, role {role:?}"),
                    outcome: said.to_string(),
                });
                Ok(None)
            }
            Err(Denial::Failed(fault)) => Err(fault.into()),
        }
    }

    /// Whether the pending or the previous version logs in, after the current one did not. Where it was not the password that the
    /// server refused, somebody may have locked the application out: the other user would be a way around that.
    ///
    /// # Errors
    /// `CurrentUnproven`, with all that was tried; Secrets Manager's refusal.
    pub(crate) async fn without_current(
        mut self,
        pair: &Pair,
        current: &PostgresSecret,
        pending: &PostgresSecret,
    ) -> Result<(), Cause> {
        if self.locked {
            return Err(self.unproven(current).into());
        }
        let previous = self.previous(pair).await?;
        for (name, secret) in [
            ("the pending version", Some(pending)),
            ("the previous version", previous.as_ref()),
        ] {
            let Some(secret) = secret else { continue };
            if let Some(session) = self.try_one(name, secret).await? {
                session.close().await;
                tracing::warn!(
                    login.with = name,
                    "AWSCURRENT does not log in any more; {name} does, and shows that the secret is the role's"
                );
                return Ok(());
            }
        }
        Err(self.unproven(current).into())
    }

    /// Whether a login was refused for another reason than its password.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked
    }

    /// The version before the current one, if it is of the pair and of the same server.
    pub(crate) async fn previous(&self, pair: &Pair) -> Result<Option<PostgresSecret>, Cause> {
        let Some(text) = self.context.previous().await? else {
            return Ok(None);
        };
        let Ok(previous) = PostgresSecret::parse(&text) else {
            return Ok(None);
        };
        let of_the_pair = [&pair.original, &pair.clone]
            .iter()
            .any(|name| *name == previous.username());
        let there =
            Endpoint::of(&previous, self.settings).is_ok_and(|there| there.same_server(self.endpoint));
        Ok((of_the_pair && there).then_some(previous))
    }

    /// Nothing logged in.
    pub(crate) fn unproven(self, current: &PostgresSecret) -> AlternatingFault {
        AlternatingFault::CurrentUnproven {
            server: self.endpoint.server(),
            role: current.username().to_owned(),
            tried: self.tried,
        }
    }
}
