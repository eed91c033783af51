//! Class `overlap`: a new key beside the old one, which is revoked later.
//!
//! createSecret makes the key, because its value must be stored before anybody uses it. A crash between making and storing
//! loses a key. Its name carries the version, so the retry finds it and revokes it. PutSecretValue decides: a key whose value
//! it refuses was made in vain, and is revoked at once.
//!
//! setSecret looks whether the list has the new key, and revokes what the last rotation displaced, if the current key works.
//! So nothing is revoked before the credential that makes keys has made one. Only where a provider has no room for a third
//! key, createSecret revokes first; the list, which was read with the same credential, has to do.
//!
//! What is revoked is looked at again (`revocation`). Before createSecret makes a key, those must be dead that an earlier
//! rotation has revoked: a revocation that does nothing must not let keys pile up.
//!
//! Right before each change the labels are read again. A step that hangs in a slow provider must not revoke a key that a
//! later rotation, or a repair by hand, depends on.

mod doomed;
mod history;
mod revocation;
mod survey;
#[cfg(feature = "trial")]
mod taken_back;
mod unlisted;

use std::time::Duration;

use rotation::secrets::KeyDocument;
use rotation::{Cause, Context};
use tokio::time::Instant;

use super::Steps;
use crate::client::{Client, With};
use crate::clock;
use crate::description::{Issue, RetireWhen};
use crate::fault::{ProviderFault, is_key_refused, is_request_unfit};
use crate::health::{HOPELESS, Health, Pauses, gone};
use crate::key::{Key, State};
use crate::provider::any::AnyProvider;
use crate::provider::{Listed, Provider};
use doomed::{DISPLACED, Doomed, Found, When};
use history::Versions;
use survey::{Survey, is_value};

/// How old a pending version must be before a list that lacks its key is believed: a list may be behind, too.
const LISTED_BY_NOW: Duration = Duration::from_mins(10);

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
    /// Why no key could be made. Where the provider has no room for a third key, what was displaced may have been revoked.
    async fn propose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        // What this process made in an earlier invocation was stored, or is found by its name.
        self.client.made.take();
        if let Some(stored) = self.client.stored().await? {
            return Ok(stored);
        }
        self.client.check_takes_a_key(current)?;
        let health = self.provider.prove().await?;
        match self.find(health).await? {
            Some(found) => {
                self.warn_of_what_is_left(&found, health).await?;
                self.check_room(&found.survey)?;
                self.check_overlap(&found.survey).await?;
                if let Some(stored) = self.make_room(&found).await? {
                    return Ok(stored);
                }
            }
            None if health == Health::Healthy => self.revoke_overdue_unlisted().await?,
            None => {}
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

    /// Looks whether the list has the new key, and revokes what the last rotation displaced, if the current key works.
    ///
    /// # Errors
    /// `KeyNotListed`, or why a key could not be revoked. The new key stays, as AWSPENDING has it.
    async fn apply(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let key = self.client.key_of(pending)?;
        // A copy of the current version, as a test rotation has it, displaces nothing.
        if key.value == self.client.current.value {
            return Ok(());
        }
        let health = self.provider.prove().await?;
        match self.listed_with(&key).await? {
            Some(listed) => {
                let found = self.sort(listed, health).await?;
                let doomed = self.doomed(&found);
                self.revoke_all(doomed, DISPLACED, When::Before).await
            }
            None if health == Health::Healthy => self.revoke_unlisted(When::Before).await,
            None => Ok(()),
        }
    }

    /// Uses the pending key. One that the provider does not even list will never be accepted, and is given up.
    ///
    /// # Errors
    /// `KeyRefused`, `KeyCheckUnclear`, or what the call itself came to.
    async fn verify(&self, pending: &KeyDocument) -> Result<(), Cause> {
        let key = self.client.key_of(pending)?;
        let Err(refused) = self.provider.check_settled(&key).await else {
            // A test rotation has the current key in the place of a new one.
            return if key.value == self.client.current.value {
                self.rehearse(pending).await
            } else {
                Ok(())
            };
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
        self.client
            .log_state(State::Current, None, "the new key is current");
        if self.client.description.retire.when != RetireWhen::Finish {
            let what = "the key that was current is the previous one, and works until the next rotation";
            self.client.log_state(State::Previous, None, what);
            return Ok(());
        }
        // A finishSecret that is delivered again has not used the key, and somebody may have moved AWSCURRENT by hand.
        if self.provider.prove().await? == Health::Dead {
            tracing::warn!("the current key is refused: what it displaced is kept until the next rotation");
            return Ok(());
        }
        match self.find(Health::Healthy).await? {
            Some(found) => {
                let doomed = self.doomed(&found);
                self.revoke_all(doomed, DISPLACED, When::After).await
            }
            None => self.revoke_unlisted(When::After).await,
        }
    }
}

impl Overlap<'_> {
    fn context(&self) -> &Context<'_> {
        self.client.context
    }

    /// What createSecret and setSecret would need, as far as it changes nothing.
    async fn rehearse(&self, current: &KeyDocument) -> Result<(), Cause> {
        let client = self.client;
        client.check_takes_a_key(current)?;
        client.name()?;
        let found = self.find(Health::Healthy).await?;
        if let Some(found) = &found {
            self.warn_of_what_is_left(found, Health::Healthy).await?;
            self.check_room(&found.survey)?;
        }
        let mut key = client.current.clone();
        key.id.get_or_insert_with(|| "0".to_owned());
        let about = With {
            key: Some(&key),
            ..With::default()
        };
        let it = &client.description;
        let revoke = it
            .revoke
            .iter()
            .map(|revoke| ("revoke", Some(revoke.call()), about));
        let create = ("create", it.create.as_ref().map(Issue::call), With::default());
        let calls: Vec<_> = [create].into_iter().chain(revoke).collect();
        client
            .rehearse(if found.is_some() { ", list" } else { "" }, &calls)
            .await
    }

    async fn make(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        let name = self.client.name()?;
        self.context().confirm_under_way().await?;
        let made = self.provider.create(&name).await;
        if made.is_ok() {
            self.client.log_state(State::Made, Some(&name), "a key is made");
        }
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
        let Some(found) = self.find(Health::Healthy).await? else {
            return Ok(());
        };
        // Without names nothing tells it from one that somebody has just made: only a repetition removes it.
        let lost = found.survey.orphans.iter().filter(|key| key.name.is_some());
        self.revoke_all(lost.map(Doomed::lost).collect(), "unusable", When::Before)
            .await
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
    async fn find(&self, health: Health) -> Result<Option<Found>, Cause> {
        match self.provider.list().await? {
            Some(listed) => self.sort(listed, health).await.map(Some),
            None => Ok(None),
        }
    }

    async fn sort(&self, listed: Vec<Listed>, health: Health) -> Result<Found, Cause> {
        let history = self.history.read(&listed).await?;
        let mut survey = Survey::of(&listed, &history);
        if health == Health::Dead {
            survey = self.history.kept_for_now(survey).await?;
        }
        Ok(Found {
            listed,
            history,
            survey,
        })
    }

    /// The list, once it has the new key: by its name, where keys have names there, or by its id.
    async fn listed_with(&self, key: &Key) -> Result<Option<Vec<Listed>>, Cause> {
        let (client, names) = (self.client, self.provider.lists_names());
        let settle = Duration::from_secs(client.description.settle_seconds);
        let (start, mut pauses) = (Instant::now(), Pauses::default());
        loop {
            let Some(listed) = self.provider.list().await? else {
                return Ok(None);
            };
            let is_named = |listed: &Listed| {
                let name = listed.name.as_deref();
                name.is_some_and(|name| client.marks.is_of(name, self.context().token()))
            };
            let has_id = |listed: &Listed| key.id.as_ref() == Some(&listed.id) || is_value(&listed.id, key);
            let by_id = listed.iter().any(has_id);
            if (names && listed.iter().any(is_named)) || (!names && by_id) {
                client.log_state(
                    State::Stored,
                    None,
                    "the new key is stored, and the provider lists it",
                );
                return Ok(Some(listed));
            }
            if !pauses.wait(start, settle, self.context().budget()).await {
                let provider = client.description.provider.clone();
                return Err(ProviderFault::KeyNotListed { provider, by_id }.into());
            }
        }
    }

    /// Before a key is made: revokes what an earlier rotation has revoked already, and what a crash lost; and where there is no
    /// room for one key more, what the last rotation displaced. Answers with the value that is stored by now, if one is.
    async fn make_room(&self, found: &Found) -> Result<Option<KeyDocument>, Cause> {
        let survey = &found.survey;
        let limit = self.client.description.limit;
        let has_room = limit.is_none_or(|limit| survey.kept + survey.displaced.len() < limit);
        let mut doomed = self.doomed(found);
        doomed.retain(|doomed| !has_room || doomed.is_overdue);
        self.revoke_all(doomed, DISPLACED, When::Before).await?;
        if !survey.orphans.is_empty() && !self.provider.makes_the_same_again() {
            // A concurrent invocation may be between making and storing it, or has just stored it.
            if let Some(stored) = self.client.stored_by_now().await? {
                return Ok(Some(stored));
            }
            let lost = survey.orphans.iter().map(Doomed::lost).collect();
            self.revoke_all(lost, "lost", When::Before).await?;
        }
        Ok(None)
    }

    /// Says which keys nobody will revoke. The first key of a secret is made by hand, and only its id tells it from others.
    async fn warn_of_what_is_left(&self, found: &Found, health: Health) -> Result<(), Cause> {
        let (client, survey, history) = (self.client, &found.survey, &found.history);
        let warn = |what: &str, remedy| {
            let what = what.to_owned();
            client.warn(&ProviderFault::KeyLeftAlive { what, remedy });
        };
        let by_hand = "revoke it at the provider by hand, once nothing uses it".to_owned();
        for foreign in &survey.foreign {
            let name = foreign.name.as_deref().unwrap_or_default();
            let what = format!(
                "the key {name:?} is left, which may be in use, or was made for another secret, or by hand"
            );
            warn(&what, by_hand.clone());
        }
        if !survey.is_found && health == Health::Healthy {
            let remedy = match &client.members.id {
                Some(member) => format!(
                    "add its id to the secret's value now, as `{member}`; or, once the rotation after this one has succeeded, {by_hand}"
                ),
                None => format!(
                    "once the rotation after this one has succeeded, {by_hand}; or store the secret as a JSON object that has the key's id, and say in which member (keywheel.id)"
                ),
            };
            warn(
                "nothing tells which key of the provider's list is AWSCURRENT's, so that it will stay alive: the secret does not have its id",
                remedy,
            );
        }
        let is_known = found.listed.iter().any(|listed| history.is_previous(listed));
        if let Some(previous) = history.previous.as_ref().filter(|_| !is_known)
            && client.works(previous, "previous").await?
        {
            warn(
                "AWSPREVIOUS's key is alive, and nothing tells which key of the provider's list it is, so that it is left",
                by_hand,
            );
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
