//! What the secret's versions say of the keys that a provider lists.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use rotation::secrets::KeyDocument;
use rotation::{Cause, Prospect, VersionId};

use super::survey::{History, Survey, is_value};
use crate::client::Client;
use crate::description::Adoption;
use crate::health::Health;
use crate::key::Key;
use crate::provider::Listed;

/// How many versions are read at once: more than most providers allow keys.
const AT_ONCE: usize = 10;

/// Reads the secret's versions, through the client.
pub(super) struct Versions<'a>(pub(super) &'a Client<'a>);

impl Versions<'_> {
    /// What is known of the secret, for the keys that the provider lists.
    pub(super) async fn read(&self, listed: &[Listed]) -> Result<History, Cause> {
        let context = self.0.context;
        let (values, previous) = try_join(self.keys_of_others(listed), self.previous()).await?;
        // A value that was copied into a version of another name is still in use.
        let is_copy = |key: &Option<Key>| key.as_ref().map(|key| key.value == self.0.current.value);
        let those = |is: Option<bool>| {
            let all = values.iter().filter(move |(_, key)| is_copy(key) == is);
            all.map(|(version, _)| version.clone()).collect()
        };
        Ok(History {
            marks: self.0.marks.clone(),
            current: self.0.current.clone(),
            current_version: context.current_version().clone(),
            token: context.token().clone(),
            adopted: self.may_adopt(Some(listed), previous.as_ref()).await?,
            previous,
            copies: those(Some(true)),
            unread: those(None),
            known: values
                .iter()
                .filter_map(|(version, key)| Some((version.clone(), key.clone()?)))
                .collect(),
            exclusive: self.0.has_its_own_list(),
        })
    }

    /// The keys in the versions that names carry, but for the current one and the token's; none where a value cannot be read.
    async fn keys_of_others(&self, listed: &[Listed]) -> Result<BTreeMap<VersionId, Option<Key>>, Cause> {
        let context = self.0.context;
        let named = listed
            .iter()
            .filter_map(|key| self.0.marks.version_in(key.name.as_deref()?));
        let others: BTreeSet<_> = named
            .filter(|version| version != context.current_version() && version != context.token())
            .collect();
        stream::iter(others)
            .map(|version| async move {
                let text = context.version(&version).await?;
                Ok((version, text.and_then(|text| self.0.key_in(&text))))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// The previous version's key, if it is another one than the current, and of the same account: in another one the same
    /// id may belong to another customer.
    pub(super) async fn previous(&self) -> Result<Option<Key>, Cause> {
        let text = self.0.context.previous().await?;
        let Some(document) = text.and_then(|text| KeyDocument::parse(&text).ok()) else {
            return Ok(None);
        };
        let previous = match self.0.open_another(&document).await {
            Ok(previous) => previous,
            Err(cause) if cause.prospect() == Prospect::Transient => return Err(cause),
            Err(_) => return Ok(None),
        };
        let key = previous.current.clone();
        Ok((self.0.is_of_the_account_of(&previous) && key.value != self.0.current.value).then_some(key))
    }

    /// Whether the previous key may be revoked though Keywheel did not make it: a document may name anybody's id. By default it
    /// must be shown that the id is that key's, which a key that still works can do.
    pub(super) async fn may_adopt(
        &self,
        listed: Option<&[Listed]>,
        previous: Option<&Key>,
    ) -> Result<bool, Cause> {
        let (client, Some(previous)) = (self.0, previous) else {
            return Ok(false);
        };
        let any = |is: &dyn Fn(&Listed) -> bool| listed.is_some_and(|listed| listed.iter().any(is));
        // Where the id is the value, a secret that has the id had the key.
        let knows_it = any(&|listed| is_value(&listed.id, previous));
        let is_there = listed.is_none() || any(&|listed| previous.id.as_ref() == Some(&listed.id));
        Ok(match client.description.adoption() {
            Adoption::Yes => true,
            _ if knows_it && client.description.retire.adopted.is_none() => true,
            Adoption::IfItWorks if is_there => client.works(previous, "previous").await?,
            Adoption::IfItWorks | Adoption::No => false,
        })
    }

    /// The current key does not work: what it displaced may be all that applications have. The previous key, if it is refused as
    /// well, is nobody's, and may take the room of a new one: where keys expire, both do if rotations are off for long.
    pub(super) async fn kept_for_now(&self, mut survey: Survey) -> Result<Survey, Cause> {
        if survey.displaced.is_empty() {
            return Ok(survey);
        }
        let client = self.0;
        let dead = match self.previous().await? {
            Some(previous) if client.description.native.is_none() => {
                let health = client.health(&previous, "previous").await;
                previous.id.filter(|_| matches!(health, Ok(Health::Dead)))
            }
            _ => None,
        };
        let all = survey.displaced.len();
        survey.displaced.retain(|key| Some(&key.id) == dead.as_ref());
        survey.kept += all - survey.displaced.len();
        if all > survey.displaced.len() {
            tracing::warn!(
                "the current key is refused: the keys that it displaced are kept until the next rotation"
            );
        }
        Ok(survey)
    }
}
