//! A provider of class `overlap`, described or programmed.

use std::time::SystemTime;

use rotation::Cause;

use crate::answer::Reply;
use crate::checking::Health;
use crate::clock;
use crate::description::{Call, List};
use crate::fault::ProviderFault;
use crate::job::{Job, With};
use crate::key::Key;
use crate::status::Statuses;

/// Most pages of a list that are read.
const MOST_PAGES: usize = 100;

/// A key as a provider lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What the provider calls it.
    pub id: String,
    /// The name it was given.
    pub name: Option<String>,
    /// It may be one that a crash lost: it is younger than the current version, and was certainly never used if that is known.
    pub unused: bool,
}

impl Listed {
    /// As a key.
    pub fn key(&self) -> Key {
        Key {
            value: None,
            id: Some(self.id.clone()),
            name: self.name.clone(),
        }
    }
}

/// What a rotation with an overlap needs of a provider.
#[expect(
    async_fn_in_trait,
    reason = "functions run on one thread: no future needs to be Send"
)]
pub trait Provider {
    /// Whether AWSCURRENT's key works, and that it is of whom the secret names.
    async fn prove(&self) -> Result<Health, Cause>;
    /// Checks a new key, which the provider may need a while to honour.
    async fn check_settled(&self, key: &Key) -> Result<(), Cause>;
    /// The keys that there are; none if the provider cannot tell.
    async fn list(&self) -> Result<Option<Vec<Listed>>, Cause>;
    /// Makes a key that is called `name`.
    async fn create(&self, name: &str) -> Result<Key, Cause>;
    /// Revokes a key. That it is gone already is success.
    async fn revoke(&self, key: &Key) -> Result<(), Cause>;
    /// Refuses a new key that could never be sent.
    async fn can_be_used(&self, key: &Key) -> Result<(), Cause>;
    /// Whether a key that was lost after it was made comes back when it is asked for again.
    fn makes_the_same_again(&self) -> bool;
}

impl Provider for Job<'_> {
    async fn prove(&self) -> Result<Health, Cause> {
        self.prove().await
    }

    async fn check_settled(&self, key: &Key) -> Result<(), Cause> {
        self.check_settled(key).await
    }

    async fn list(&self) -> Result<Option<Vec<Listed>>, Cause> {
        let Some(list) = &self.description.list else {
            return Ok(None);
        };
        // Only where nothing else tells whose a key is.
        let current_made = match list.created {
            Some(_) => self.context.current_made().await?,
            None => None,
        };
        let mut all = Vec::new();
        let mut page: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let asked = list
                .next
                .as_ref()
                .and_then(|next| Some((next.query.as_str(), page.as_deref()?)));
            let reply = self
                .call(
                    "list",
                    list.call(),
                    With {
                        page: asked,
                        ..With::default()
                    },
                )
                .await?;
            let answer = reply.json()?;
            all.extend(read(list, current_made, &answer, &reply)?);
            let next = list
                .next
                .as_ref()
                .and_then(|next| next.cursor.text(&answer))
                .filter(|next| !next.is_empty());
            if next.is_none() || next == page {
                return Ok(Some(all));
            }
            page = next;
        }
        Err(ProviderFault::AnswerUnusable {
            call: format!("list at {}", self.description.provider),
            problem: format!("has more than {MOST_PAGES} pages"),
        }
        .into())
    }

    async fn create(&self, _: &str) -> Result<Key, Cause> {
        let create = self
            .description
            .create
            .as_ref()
            .expect("class overlap has create: it was loaded");
        let reply = self.call("create", create.call(), With::default()).await?;
        let key = reply.key(&create.value, create.id.as_ref())?;
        if key.value == self.current.value {
            return Err(reply
                .unusable("has the key that is current, and no new one")
                .into());
        }
        Ok(key)
    }

    async fn revoke(&self, key: &Key) -> Result<(), Cause> {
        let absent = Statuses::absent();
        for (number, revoke) in self.description.revoke.iter().enumerate() {
            let gone = revoke.gone.as_ref().unwrap_or(&absent);
            let section = if self.description.revoke.len() == 1 {
                "revoke".to_owned()
            } else {
                format!("revoke {}", number + 1)
            };
            let with = With {
                key: Some(key),
                also: Some(gone),
                ..With::default()
            };
            // To revoke twice is to revoke once: a lost answer is asked for again.
            let call = Call {
                repeatable: Some(true),
                ..revoke.call()
            };
            self.call(&section, call, with).await?;
        }
        Ok(())
    }

    async fn can_be_used(&self, key: &Key) -> Result<(), Cause> {
        self.check_can_be_sent(key).await
    }

    fn makes_the_same_again(&self) -> bool {
        self.description
            .create
            .as_ref()
            .is_some_and(|create| create.call().is_repeatable())
    }
}

fn read(
    list: &List,
    current_made: Option<SystemTime>,
    answer: &serde_json::Value,
    reply: &Reply,
) -> Result<Vec<Listed>, ProviderFault> {
    let keys = list.keys.find(answer).and_then(serde_json::Value::as_array);
    let keys = keys.ok_or_else(|| reply.unusable(&format!("has no array at {:?}", list.keys)))?;
    let read = keys.iter().map(|key| {
        let id = list.id.text(key).filter(|id| !id.is_empty());
        Ok(Listed {
            id: id.ok_or_else(|| reply.unusable(&format!("has a key without an id at {:?}", list.id)))?,
            name: list.name.as_ref().and_then(|name| name.text(key)),
            unused: is_younger(list, key, current_made),
        })
    });
    read.collect()
}

/// Whether a key is younger than the current version, as one that a crash of this rotation lost is.
fn is_younger(list: &List, key: &serde_json::Value, current_made: Option<SystemTime>) -> bool {
    let Some(place) = &list.created else {
        return true;
    };
    let made = place.text(key).and_then(|made| clock::parse(&made));
    made.zip(current_made)
        .is_some_and(|(made, current)| made >= current)
}
