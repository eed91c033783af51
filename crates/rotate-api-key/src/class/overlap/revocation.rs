//! Revokes keys. A revocation counts only when it is shown: the key is no longer listed, or its value is refused. The
//! answer to the revocation itself shows nothing: a wrong path answers 404 like a key that is gone.

use std::time::Duration;

use rotation::Cause;
use tokio::time::Instant;

use super::Overlap;
use super::doomed::{Doomed, Found, When, to_revoke};
use crate::fault::{ProviderFault, is_refused};
use crate::health::Pauses;
use crate::key::{Key, State};
use crate::provider::{Listed, Provider};

impl Overlap<'_> {
    /// What was displaced, with what is known of each.
    pub(super) fn doomed(&self, found: &Found) -> Vec<Doomed> {
        let (history, retire) = (&found.history, &self.client.description.retire);
        let displaced = found.survey.displaced.iter().map(|listed| Doomed {
            key: to_revoke(listed),
            value: history.value_of(listed, &found.listed),
            is_listed: true,
            is_overdue: retire.is_overdue(history.is_previous(listed)),
        });
        displaced.collect()
    }

    /// Revokes keys, and looks whether they are dead.
    ///
    /// # Errors
    /// `RevocationNotShown` for a key that earlier rotations have revoked already; for others it is a warning.
    pub(super) async fn revoke_all(&self, keys: Vec<Doomed>, what: &str, when: When) -> Result<(), Cause> {
        let mut revoked = Vec::new();
        for doomed in keys {
            if !self.may_revoke(when).await? {
                break;
            }
            self.revoke_listed(&doomed.key).await?;
            revoked.push(doomed);
        }
        if let Some(why) = &self.client.description.retire.not_shown {
            for doomed in &revoked {
                self.log_state(
                    State::NotShown,
                    doomed,
                    &format!("a {what} key was revoked: {why}"),
                );
            }
            return Ok(());
        }
        let left = self.left_alive(revoked, what).await?;
        let Some(first) = left.first() else { return Ok(()) };
        let fault = ProviderFault::RevocationNotShown {
            provider: self.client.description.provider.clone(),
            count: left.len(),
            listed: first.is_listed,
            stops: when == When::Before && left.iter().any(|doomed| doomed.is_overdue),
        };
        if matches!(fault, ProviderFault::RevocationNotShown { stops: true, .. }) {
            return Err(fault.into());
        }
        self.client.warn(&fault);
        Ok(())
    }

    /// Looks until all are dead, or the time is over within which the provider shows it; answers with those that are not.
    async fn left_alive(&self, revoked: Vec<Doomed>, what: &str) -> Result<Vec<Doomed>, Cause> {
        let within = Duration::from_secs(self.client.description.retire.shown_within_seconds);
        let (start, mut pauses, mut left) = (Instant::now(), Pauses::default(), revoked);
        loop {
            let mut alive = Vec::new();
            let listed = if left.iter().any(|doomed| doomed.is_listed) {
                self.provider.list().await?.unwrap_or_default()
            } else {
                Vec::new()
            };
            for doomed in left {
                if self.is_dead(&doomed, &listed).await? {
                    self.log_state(State::Dead, &doomed, &format!("a {what} key is revoked"));
                } else {
                    alive.push(doomed);
                }
            }
            left = alive;
            if left.is_empty() || !pauses.wait(start, within, self.context().budget()).await {
                break;
            }
        }
        for doomed in &left {
            self.log_state(
                State::NotShown,
                doomed,
                &format!("a {what} key was revoked, and nothing shows it"),
            );
        }
        Ok(left)
    }

    async fn is_dead(&self, doomed: &Doomed, listed: &[Listed]) -> Result<bool, Cause> {
        if doomed.is_listed && !listed.iter().any(|key| Some(&key.id) == doomed.key.id.as_ref()) {
            return Ok(true);
        }
        let Some(value) = &doomed.value else {
            return Ok(false);
        };
        let key = Key {
            value: Some(value.clone()),
            ..doomed.key.clone()
        };
        self.provider.is_dead(&key).await
    }

    /// Some providers answer with an error when a key is gone already: what the list does not have is gone.
    async fn revoke_listed(&self, key: &Key) -> Result<(), Cause> {
        let refused = match self.provider.revoke(key).await {
            Err(cause) if is_refused(&cause) => cause,
            outcome => return outcome,
        };
        let listed = self.provider.list().await?.unwrap_or_default();
        if listed.iter().any(|listed| Some(&listed.id) == key.id.as_ref()) {
            return Err(refused);
        }
        Ok(())
    }

    /// Asked after the list, and before each revocation.
    async fn may_revoke(&self, when: When) -> Result<bool, Cause> {
        match when {
            When::Before => self.context().confirm_under_way().await.map(|()| true),
            // If not, it is the later rotation's to revoke.
            When::After => self.context().is_last().await,
        }
    }

    fn log_state(&self, state: State, doomed: &Doomed, what: &str) {
        self.client.log_state(state, doomed.key.name.as_deref(), what);
    }
}
