//! A provider without a list: the secret's versions say what was displaced, and only a check shows that it is dead.

use rotation::Cause;
use rotation::secrets::KeyDocument;

use super::Overlap;
use super::doomed::{DISPLACED, Doomed, When};
use crate::description::RetireWhen;
use crate::fault::ProviderFault;
use crate::key::Key;
use crate::provider::Provider;

impl Overlap<'_> {
    /// Revokes the previous key.
    pub(super) async fn revoke_unlisted(&self, when: When) -> Result<(), Cause> {
        let previous = self.history.previous().await?;
        self.revoke_if_alive(previous, when, false).await
    }

    /// Before a key is made, the one that the last rotation has revoked must be dead.
    pub(super) async fn revoke_overdue_unlisted(&self) -> Result<(), Cause> {
        let overdue = match self.client.description.retire.when {
            RetireWhen::Finish => self.history.previous().await?,
            RetireWhen::NextRotation => self.before_the_previous().await?,
        };
        self.revoke_if_alive(overdue, When::Before, true).await
    }

    /// The key that was the previous one when the last rotation began, if it was a rotation that brought the current one. What
    /// somebody wrote by hand before that, no rotation has displaced.
    async fn before_the_previous(&self) -> Result<Option<Key>, Cause> {
        let (client, context) = (self.client, self.client.context);
        let rotated = context.last_rotated().await?;
        if context
            .current_made()
            .await?
            .zip(rotated)
            .is_none_or(|(made, rotated)| made > rotated)
        {
            return Ok(None);
        }
        let Some(version) = context.deprecated().await?.into_iter().next() else {
            return Ok(None);
        };
        let text = context.version(&version).await?;
        let Some(document) = text.and_then(|text| KeyDocument::parse(&text).ok()) else {
            return Ok(None);
        };
        let Ok(old) = client.open_another(&document).await else {
            return Ok(None);
        };
        let (key, previous) = (old.current.clone(), self.history.previous().await?);
        let is_in_use = previous.is_some_and(|previous| is_the_same(&previous, &key));
        Ok((client.is_of_the_account_of(&old) && !is_in_use).then_some(key))
    }

    async fn revoke_if_alive(&self, key: Option<Key>, when: When, is_overdue: bool) -> Result<(), Cause> {
        let Some(key) = key.filter(|key| !is_the_same(key, &self.client.current)) else {
            return Ok(());
        };
        if self.provider.is_dead(&key).await? {
            return Ok(());
        }
        let by_hand = "revoke it at the provider by hand, once nothing uses it";
        let (what, remedy) = if !self.history.may_adopt(None, Some(&key)).await? {
            (
                "a displaced key is left, because nothing shows that the id beside it is its own",
                by_hand.to_owned(),
            )
        } else if let (None, Some(member)) = (&key.id, &self.client.members.id) {
            (
                "a displaced key is left, because its version does not have its id",
                format!("{by_hand}; a key that you write by hand needs its id as `{member}`"),
            )
        } else {
            let doomed = Doomed {
                value: key.value.clone(),
                key,
                is_listed: false,
                is_overdue,
            };
            return self.revoke_all(vec![doomed], DISPLACED, when).await;
        };
        let what = what.to_owned();
        self.client.warn(&ProviderFault::KeyLeftAlive { what, remedy });
        Ok(())
    }
}

/// Whether two versions have one key, by value or by id.
fn is_the_same(one: &Key, other: &Key) -> bool {
    one.value == other.value || (one.id.is_some() && one.id == other.id)
}
