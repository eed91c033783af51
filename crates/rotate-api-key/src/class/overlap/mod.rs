//! Class `overlap`: a new key beside the old one, which is revoked later.
//!
//! createSecret makes the key, because its value must be stored before anybody uses it. A crash between making and storing
//! loses a key. Its name carries the version, so the retry finds it and revokes it. PutSecretValue decides: a key whose value
//! it refuses was made in vain, and is revoked at once.
//!
//! At most two keys live, and until the retry one more that a crash lost: if the current key works, what the last rotation
//! displaced is revoked before a new key is made.
//!
//! Right before each change the labels are read again. A step that hangs in a slow provider must not revoke a key that a
//! later rotation, or a repair by hand, depends on.

mod history;
mod survey;

use std::time::Duration;

use rotation::secrets::KeyDocument;
use rotation::{Cause, Context};

use super::Steps;
use crate::client::Client;
use crate::clock;
use crate::description::RetireWhen;
use crate::fault::{ProviderFault, is_key_refused, is_refused, is_request_unfit};
use crate::health::{HOPELESS, Health, gone};
use crate::key::Key;
use crate::provider::any::AnyProvider;
use crate::provider::{Listed, Provider};
use history::Versions;
use survey::{Survey, is_value};

/// How old a pending version must be before a list that lacks its key is believed: a list may be behind, too.
const LISTED_BY_NOW: Duration = Duration::from_mins(10);

/// Where in a rotation something is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// In createSecret, while AWSPENDING is the token's.
    Before,
    /// In finishSecret, once AWSCURRENT is.
    After,
}

/// The class at work.
pub(crate) struct Overlap<'a> {
    client: &'a Client<'a>,
    provider: AnyProvider<'a>,
    history: Versions<'a>,
}

impl<'a> Overlap<'a> {
    /// # Errors
    /// `ConfigurationInvalid`: a native provider needs credentials of the function, and there are none.
    pub(crate) fn of(client: &'a Client<'a>) -> Result<Self, ProviderFault> {
        Ok(Self {
            client,
            provider: AnyProvider::of(client)?,
            history: Versions(client),
        })
    }
}

impl Steps for Overlap<'_> {
    /// The new document, with a key that was made for it; or the one that is stored already.
    ///
    /// # Errors
    /// Why no key could be made. What was displaced before may have been revoked.
    async fn propose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        // What this process made in an earlier invocation was stored, or is found by its name.
        self.client.made.take();
        if let Some(stored) = self.client.stored().await? {
            return Ok(stored);
        }
        self.client.check_takes_a_key(current)?;
        let health = self.provider.prove().await?;
        let survey = self.survey().await?;
        let survey = match (survey, health) {
            (Some(survey), Health::Dead) => Some(self.history.kept_for_now(survey).await?),
            (survey, _) => survey,
        };
        if let Some(survey) = &survey {
            self.check_room(survey)?;
            self.check_overlap(survey).await?;
            self.revoke_all(&survey.displaced, "displaced", When::Before)
                .await?;
            if !survey.orphans.is_empty() && !self.provider.makes_the_same_again() {
                // A concurrent invocation may be between making and storing it, or has just stored it.
                if let Some(stored) = self.client.stored_by_now().await? {
                    return Ok(stored);
                }
                self.revoke_all(&survey.orphans, "lost", When::Before).await?;
            }
        } else if health == Health::Healthy {
            self.revoke_previous(When::Before).await?;
        }
        self.make(current).await
    }

    /// `proposal` was not stored: revokes its key, unless it is the one that is.
    ///
    /// # Errors
    /// Why it could not be revoked: the next createSecret of this version does not look for it.
    async fn discard(&self, proposal: &KeyDocument, staged: Option<&KeyDocument>) -> Result<(), Cause> {
        let key = self.client.key_of(proposal)?;
        if let Some(staged) = staged
            && self.client.key_of(staged)?.value == key.value
        {
            return Ok(());
        }
        // Two keys carry this version now, and the process that made this one remembers its id. What this process did not make, it found
        // stored: it is pending, or whatever somebody put there.
        let Some(made) = self.client.made.take().filter(|made| made.value == key.value) else {
            return Ok(());
        };
        tracing::info!("what was made was not stored: it is revoked");
        match self.provider.revoke(&made).await {
            // The provider did not say its id. The rotation after the next finds it by its name.
            Err(cause) if is_request_unfit(&cause) => {
                tracing::warn!("the key that was made in vain cannot be named: {cause}");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Uses the pending key. One that the provider does not even list will never be accepted, and is given up.
    ///
    /// # Errors
    /// `KeyRefused`, `KeyCheckUnclear`, or what the call itself came to.
    async fn verify(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let key = self.client.key_of(pending)?;
        let Err(refused) = self.provider.check_settled(&key).await else {
            return Ok(());
        };
        // Secrets Manager also runs this step alone, on the current value: that one is never lost by it.
        if !is_key_refused(&refused) || key.value == self.client.current.value {
            return Err(refused);
        }
        let is_old = self.client.is_pending_older_than(LISTED_BY_NOW).await;
        let is_gone = matches!(is_old, Ok(true)) && matches!(self.is_gone(&key).await, Ok(true));
        let it = &self.client.description;
        let listed = it.list.is_some() || it.native.is_some();
        Err(if is_gone { gone(refused, listed) } else { refused })
    }

    /// Once AWSCURRENT has moved: revokes what it displaced, if the description asks for that.
    ///
    /// # Errors
    /// Why it could not be revoked; the next rotation will try again.
    async fn finished(&self) -> Result<(), Cause> {
        if self.client.description.retire.when != RetireWhen::Finish {
            return Ok(());
        }
        // A finishSecret that is delivered again has not used the key, and somebody may have moved AWSCURRENT by hand.
        if self.provider.prove().await? == Health::Dead {
            tracing::warn!("the current key is refused: what it displaced is kept until the next rotation");
            return Ok(());
        }
        match self.survey().await? {
            Some(survey) => self.revoke_all(&survey.displaced, "displaced", When::After).await,
            None => self.revoke_previous(When::After).await,
        }
    }
}

impl Overlap<'_> {
    fn context(&self) -> &Context<'_> {
        self.client.context
    }

    async fn make(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        let name = self.client.name()?;
        self.context().confirm_under_way().await?;
        let made = self.provider.create(&name).await;
        let next = match &made {
            Ok(key) => self.fit(current, key).await,
            Err(cause) => Err(cause.clone()),
        };
        match next {
            Ok(next) => Ok(next),
            Err(cause) => {
                self.clean_up(made.ok()).await;
                Err(cause)
            }
        }
    }

    async fn fit(&self, current: &KeyDocument, key: &Key) -> Result<KeyDocument, Cause> {
        self.client.made.replace(Some(key.clone()));
        self.provider.can_be_used(key).await?;
        let next = self.client.document_with(current, key)?;
        // A slow call may outlive its rotation: what is stored then would block the next one.
        self.context().confirm_under_way().await?;
        Ok(next)
    }

    /// What was made and cannot be used is revoked at once, if it can be; if not, the next createSecret finds it.
    async fn clean_up(&self, made: Option<Key>) {
        let cleaned = match made {
            Some(key) if key.id.is_some() => self.provider.revoke(&key).await,
            _ => self.clean_up_by_name().await,
        };
        if let Err(cause) = cleaned {
            tracing::warn!(
                code = cause.code(),
                "a key that cannot be used is left for the next run: {cause}"
            );
        }
    }

    /// A value that a concurrent invocation has just stored carries the same version in its name.
    async fn clean_up_by_name(&self) -> Result<(), Cause> {
        if self.client.stored_by_now().await?.is_some() {
            return Ok(());
        }
        match self.survey().await? {
            // Without names nothing tells it from one that somebody has just made: only a repetition removes it.
            Some(mut survey) => {
                survey.orphans.retain(|key| key.name.is_some());
                self.revoke_all(&survey.orphans, "unusable", When::Before).await
            }
            None => Ok(()),
        }
    }

    /// Whether the provider's list has the current key, and not this one.
    async fn is_gone(&self, key: &Key) -> Result<bool, Cause> {
        let current = &self.client.current;
        let Some(listed) = self.provider.list().await? else {
            // Nothing tells but time: what is refused for long, while the current one works.
            return Ok(self.client.is_pending_older_than(HOPELESS).await?
                && self.client.health(current, "current").await? == Health::Healthy);
        };
        let marked = |listed: &Listed, version| {
            let name = listed.name.as_ref();
            name.is_some_and(|name| self.client.marks.is_of(name, version))
        };
        let has = |key: &Key, version| {
            listed.iter().any(|listed| {
                key.id.as_ref() == Some(&listed.id) || is_value(&listed.id, key) || marked(listed, version)
            })
        };
        let named = listed.iter().any(|listed| listed.name.is_some());
        let is_the_list = current.id.is_none() || has(current, self.context().current_version());
        Ok(is_the_list && (key.id.is_some() || named) && !has(key, self.context().token()))
    }

    /// What the provider has, sorted by what is to become of it; none if it cannot tell.
    async fn survey(&self) -> Result<Option<Survey>, Cause> {
        let Some(listed) = self.provider.list().await? else {
            return Ok(None);
        };
        let history = self.history.read(&listed).await?;
        let survey = Survey::of(&listed, &history);
        for foreign in &survey.foreign {
            tracing::warn!(
                key.name = foreign.name.as_deref().unwrap_or_default(),
                "a key that may be in use, or was made for another secret, or by hand, is left: revoke it by hand if nothing uses it"
            );
        }
        Ok(Some(survey))
    }

    /// Without a list: the previous version says what was displaced.
    async fn revoke_previous(&self, when: When) -> Result<(), Cause> {
        let Some(previous) = self.history.previous().await? else {
            return Ok(());
        };
        if previous.id.is_some() && previous.id == self.client.current.id {
            return Ok(());
        }
        if !self.history.may_adopt(None, Some(&previous)).await? {
            tracing::warn!("the previous key is left: revoke it by hand if nothing uses it");
            return Ok(());
        }
        if previous.id.is_none() && self.client.members.id.is_some() {
            tracing::warn!("the previous version does not say its key's id: revoke that key by hand");
            return Ok(());
        }
        if self.may_revoke(when).await? {
            self.provider.revoke(&previous).await?;
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

    async fn revoke_all(&self, keys: &[Listed], what: &str, when: When) -> Result<(), Cause> {
        for listed in keys {
            if !self.may_revoke(when).await? {
                return Ok(());
            }
            let mut key = listed.key();
            // Where a key is revoked by its value, the list's id is that.
            key.value = Some(listed.id.clone().into());
            self.revoke_listed(&key).await?;
            tracing::info!(
                key.name = listed.name.as_deref().unwrap_or_default(),
                "a {what} key is revoked"
            );
        }
        Ok(())
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

    /// Refuses before anything is changed.
    fn check_room(&self, survey: &Survey) -> Result<(), ProviderFault> {
        let description = &self.client.description;
        match description.limit {
            Some(limit) if survey.kept >= limit => Err(ProviderFault::KeyLimitReached {
                provider: description.provider.clone(),
                whose: self.client.whose(),
                count: survey.kept,
                limit,
                ours: match &self.client.members.id {
                    Some(member) => format!("and see that `{member}` in the secret is the current key's id"),
                    None => "keywheel revokes only what it made for this secret".to_owned(),
                },
            }),
            _ => Ok(()),
        }
    }

    async fn check_overlap(&self, survey: &Survey) -> Result<(), Cause> {
        let hours = self.client.description.retire.least_overlap_hours;
        if hours == 0 || survey.displaced.is_empty() {
            return Ok(());
        }
        // The last rotation displaced it when it made the current version.
        let Some(made) = self.context().current_made().await? else {
            return Ok(());
        };
        let age = clock::now().duration_since(made).unwrap_or_default();
        if age < Duration::from_secs(hours.saturating_mul(3600)) {
            return Err(ProviderFault::OverlapTooShort { hours }.into());
        }
        Ok(())
    }
}
