//! Class `overlap`: a new key beside the old one, which is revoked later.
//!
//! The key is made in createSecret, for its value must be stored before anybody uses it. Between the making and the
//! storing lies the one moment in which a crash loses a key: its name carries the version, so that the repetition finds
//! it and revokes it. The atomic act is PutSecretValue: what it refuses was made in vain, and is revoked at once.
//!
//! At most two keys live, but for one that a crash lost, until the repetition: what the last rotation displaced is revoked
//! before a new key is made.

mod survey;

use std::collections::BTreeMap;
use std::time::Duration;

use rotation::secrets::KeyDocument;
use rotation::{Cause, Context};
use tokio::time::sleep;

use crate::clock;
use crate::description::RetireWhen;
use crate::fault::ProviderFault;
use crate::job::Job;
use crate::key::Key;
use crate::provider::{Listed, Provider};
pub use survey::{Standing, Survey};

/// How long what another createSecret stored may stay unseen (fact 10 of Secrets Manager: reads may be a moment behind).
const UNSEEN: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

/// A rotation at work with a provider, described or programmed.
pub struct Overlap<'a, P> {
    /// What the secret says, and the step.
    pub job: &'a Job<'a>,
    /// The provider.
    pub provider: &'a P,
}

impl<P: Provider> Overlap<'_, P> {
    fn context(&self) -> &Context<'_> {
        self.job.context
    }

    /// The new document, with a key that was made for it; or the one that is stored already.
    ///
    /// # Errors
    /// Why no key could be made. What was displaced before may have been revoked.
    pub async fn propose(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        if let Some(stored) = self.stored().await? {
            return Ok(stored);
        }
        self.job.check_takes_a_key(current)?;
        let survey = self.survey().await?;
        if let Some(survey) = &survey {
            self.check_room(survey)?;
            self.check_overlap(survey).await?;
            self.revoke_all(&survey.displaced, "displaced").await?;
            if !survey.orphans.is_empty() && !self.provider.makes_the_same_again() {
                // Perhaps a twin is between the making and the storing, or has stored it a moment ago.
                if let Some(stored) = self.stored_by_now().await? {
                    return Ok(stored);
                }
                self.revoke_all(&survey.orphans, "lost").await?;
            }
        } else {
            self.revoke_previous().await?;
        }
        self.make(current).await
    }

    async fn make(&self, current: &KeyDocument) -> Result<KeyDocument, Cause> {
        let name = self.job.name()?;
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
        self.job.made.replace(Some(key.clone()));
        self.provider.can_be_used(key).await?;
        self.job.document_with(current, key)
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

    /// A twin's value, stored a moment ago, carries the same version in its name.
    async fn clean_up_by_name(&self) -> Result<(), Cause> {
        if self.stored_by_now().await?.is_some() {
            return Ok(());
        }
        match self.survey().await? {
            Some(survey) => self.revoke_all(&survey.orphans, "unusable").await,
            None => Ok(()),
        }
    }

    /// `proposal` was not stored: revokes its key, unless it is the one that is.
    ///
    /// # Errors
    /// Why it could not be revoked: the next createSecret of this version does not look for it.
    pub async fn discard(&self, proposal: &KeyDocument, staged: Option<&KeyDocument>) -> Result<(), Cause> {
        let mut key = self.job.key_of(proposal)?;
        if let Some(staged) = staged
            && self.job.key_of(staged)?.value == key.value
        {
            return Ok(());
        }
        // A bare string has no room for the id, and two keys carry this version now: whoever made it remembers.
        let made = self.job.made.take().filter(|made| made.value == key.value);
        key.id = key.id.or(made.and_then(|made| made.id));
        tracing::info!("what was made was not stored: it is revoked");
        match self.provider.revoke(&key).await {
            // The provider did not say its id. The rotation after the next finds it by its name.
            Err(cause) if cause.code() == "RequestUnfit" => {
                tracing::warn!("the key that was made in vain cannot be named: {cause}");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Once AWSCURRENT has moved: revokes what it displaced, if the description asks for that.
    ///
    /// # Errors
    /// Why it could not be revoked; the next rotation will try again.
    pub async fn finished(&self) -> Result<(), Cause> {
        if self.job.description.retire.when != RetireWhen::Finish {
            return Ok(());
        }
        match self.survey().await? {
            Some(survey) => self.revoke_all(&survey.displaced, "displaced").await,
            None => self.revoke_previous().await,
        }
    }

    /// Whether the provider lists a key at all: of one that it does not, it is certain that it never will be accepted.
    ///
    /// # Errors
    /// The list's.
    pub async fn is_gone(&self, key: &Key) -> Result<bool, Cause> {
        let Some(listed) = self.provider.list().await? else {
            return Ok(false);
        };
        let token = self.context().token();
        let marked = |name: &Option<String>| {
            name.as_ref()
                .is_some_and(|name| self.job.marks.is_of(name, token))
        };
        let named = listed.iter().any(|listed| listed.name.is_some());
        let found = listed
            .iter()
            .any(|listed| key.id.as_ref() == Some(&listed.id) || marked(&listed.name));
        Ok(!found && (key.id.is_some() || named))
    }

    /// The value that this version has already, if it has one.
    async fn stored(&self) -> Result<Option<KeyDocument>, Cause> {
        let text = self.context().version(self.context().token()).await?;
        Ok(text.map(|text| KeyDocument::parse(&text)).transpose()?)
    }

    async fn stored_by_now(&self) -> Result<Option<KeyDocument>, Cause> {
        for pause in UNSEEN {
            sleep(pause).await;
            if let Some(stored) = self.stored().await? {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    /// What the provider has, sorted by what is to become of it; none if it cannot tell.
    async fn survey(&self) -> Result<Option<Survey>, Cause> {
        let Some(listed) = self.provider.list().await? else {
            return Ok(None);
        };
        let standing = self.standing(&listed).await?;
        let survey = Survey::of(&listed, &standing);
        for foreign in &survey.foreign {
            tracing::warn!(
                key.name = foreign.name.as_deref().unwrap_or_default(),
                "the previous version's key was made for another secret, or by hand, and is left: revoke it by hand if nothing uses it"
            );
        }
        Ok(Some(survey))
    }

    async fn standing(&self, listed: &[Listed]) -> Result<Standing, Cause> {
        let (context, description) = (self.context(), &self.job.description);
        // A value that was copied into a version of another name is still in use.
        let mut values = BTreeMap::new();
        for version in listed
            .iter()
            .filter_map(|key| self.job.marks.version_in(key.name.as_deref()?))
        {
            if version == *context.current_version()
                || version == *context.token()
                || values.contains_key(&version)
            {
                continue;
            }
            let text = context.version(&version).await?;
            let key = text
                .and_then(|text| KeyDocument::parse(&text).ok())
                .and_then(|old| self.job.key_of(&old).ok());
            values.insert(
                version,
                key.is_some_and(|key| key.value == self.job.current.value),
            );
        }
        Ok(Standing {
            marks: self.job.marks.clone(),
            current: self.job.current.clone(),
            current_version: context.current_version().clone(),
            token: context.token().clone(),
            previous: self.previous().await?,
            copies: values
                .into_iter()
                .filter_map(|(version, same)| same.then_some(version))
                .collect(),
            exclusive: description.native.is_some()
                || description.list.as_ref().is_some_and(|list| list.exclusive),
            adopted: description.retire.adopted,
        })
    }

    /// The previous version's key, if it is another one than the current.
    async fn previous(&self) -> Result<Option<Key>, Cause> {
        let text = self.context().previous().await?;
        let previous = text.and_then(|text| KeyDocument::parse(&text).ok());
        let key = previous.and_then(|previous| self.job.key_of(&previous).ok());
        Ok(key.filter(|key| key.value != self.job.current.value))
    }

    /// Without a list: the previous version says what was displaced.
    async fn revoke_previous(&self) -> Result<(), Cause> {
        let Some(previous) = self.previous().await? else {
            return Ok(());
        };
        if !self.job.description.retire.adopted
            || (previous.id.is_some() && previous.id == self.job.current.id)
        {
            return Ok(());
        }
        if previous.id.is_none() && self.job.members.id.is_some() {
            tracing::warn!("the previous version does not say its key's id: revoke that key by hand");
            return Ok(());
        }
        self.provider.revoke(&previous).await
    }

    async fn revoke_all(&self, keys: &[Listed], what: &str) -> Result<(), Cause> {
        for listed in keys {
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
            Err(cause) if cause.code() == "ProviderRefused" => cause,
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
        let description = &self.job.description;
        match description.limit {
            Some(limit) if survey.kept >= limit => Err(ProviderFault::LimitReached {
                provider: description.provider.clone(),
                whose: self.job.whose(),
                count: survey.kept,
                limit,
                ours: match &self.job.members.id {
                    Some(member) => format!("and see that `{member}` in the secret is the current key's id"),
                    None => "keywheel revokes only what it made for this secret".to_owned(),
                },
            }),
            _ => Ok(()),
        }
    }

    async fn check_overlap(&self, survey: &Survey) -> Result<(), Cause> {
        let hours = self.job.description.retire.least_overlap_hours;
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
