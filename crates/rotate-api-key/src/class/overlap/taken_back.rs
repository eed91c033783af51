//! Revokes what a trial of a definition has made. The trial's secret is a copy under a name of its own: what that name marks is
//! nobody's key.

use rotation::Cause;

use super::Overlap;
use super::doomed::{Doomed, When};
use super::survey::is_value;
use crate::fault::ProviderFault;
use crate::key::Key;
use crate::provider::Provider;

impl Overlap<'_> {
    /// Revokes the key of this trial, and those that earlier trials of the same copy have left; and looks whether they are dead.
    ///
    /// # Errors
    /// Why something may be left.
    pub(crate) async fn take_back(&self) -> Result<(), Cause> {
        let (client, current) = (self.client, &self.client.current);
        let mut made = client
            .made
            .borrow()
            .clone()
            .filter(|key| key.value != current.value);
        let listed = self.provider.list().await?.unwrap_or_default();
        let mut doomed = Vec::new();
        for one in &listed {
            if current.id.as_ref() == Some(&one.id) || is_value(&one.id, current) {
                continue;
            }
            let is_it = |key: &Key| key.id.as_ref() == Some(&one.id) || is_value(&one.id, key);
            let known = made.take_if(|key| is_it(key));
            let is_marked = || {
                let name = one.name.as_deref();
                name.is_some_and(|name| client.marks.version_in(name).is_some())
            };
            if known.is_some() || is_marked() {
                doomed.push(Doomed {
                    value: known.and_then(|key| key.value),
                    ..Doomed::lost(one)
                });
            }
        }
        let found = !doomed.is_empty();
        // A list may be behind.
        if let Some(key) = made.take_if(|key| key.id.is_some()) {
            doomed.push(Doomed {
                value: key.value.clone(),
                key,
                is_listed: false,
                is_overdue: true,
            });
        }
        self.revoke_all(doomed, "tried", When::Before).await?;
        if made.is_none() || found {
            return Ok(());
        }
        let what = "the key that was made has no id, and the provider's list does not have it".to_owned();
        let remedy = "revoke it at the provider by hand; and say in [create] where the id stands".to_owned();
        Err(ProviderFault::KeyLeftAlive { what, remedy }.into())
    }
}
