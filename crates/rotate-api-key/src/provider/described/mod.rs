//! A provider of class `overlap` by its definition.

use std::collections::HashSet;
use std::time::SystemTime;

use rotation::Cause;

use super::{Listed, Provider, certain};
use crate::call::answer::{LONGEST_NAME, Reply};
use crate::client::{Client, With};
use crate::clock;
use crate::description::{List, Page, Position};
use crate::fault::ProviderFault;
use crate::health::Health;
use crate::key::Key;
use crate::notation::json::{Json, NoItems};
use crate::notation::pointer::Pointer;
use crate::notation::status::Statuses;

/// Most pages of a list that are read.
const MOST_PAGES: usize = 100;
/// Most keys of a list, on all pages.
const MOST_KEYS: usize = 10_000;

impl Provider for Client<'_> {
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
        let mut named = false;
        let mut here: Option<Position> = None;
        let mut seen = HashSet::new();
        loop {
            let text = here.as_ref().map(Position::text);
            let page = match (&list.next, &text) {
                (Some(next), Some(text)) => next.page(text),
                _ => Page::First,
            };
            let with = With {
                page: Some(page),
                ..With::default()
            };
            let reply = self.call("list", list.call(), with).await?;
            let before = all.len();
            named |= read(list, current_made, &reply, &mut all)?;
            let whole = |all: Vec<_>, reply: &Reply| match &list.name {
                // By their names keys are found again: a pointer that leads nowhere must not pass for keys without names.
                Some(place) if !named && !all.is_empty() => Err(reply
                    .unusable(&format!("has keys, and none has a name at {place:?}"))
                    .into()),
                _ => Ok(Some(all)),
            };
            let Some(next) = &list.next else {
                return whole(all, &reply);
            };
            let counts = (before, all.len() - before);
            let after = next.after(here.as_ref(), reply.json()?, counts);
            here = after.map_err(|problem| reply.unusable(problem))?;
            let Some(at) = &here else {
                return whole(all, &reply);
            };
            if !seen.insert(at.text()) {
                return Err(reply
                    .unusable("names a page as the next one that was read already")
                    .into());
            }
            if seen.len() == MOST_PAGES {
                return Err(reply
                    .unusable(&format!("is page {MOST_PAGES}, and not the last"))
                    .into());
            }
        }
    }

    async fn create(&self, _: &str) -> Result<Key, Cause> {
        let create = self
            .description
            .create
            .as_ref()
            .expect("class overlap has create: it was loaded");
        let reply = self.call("create", create.call(), With::default()).await?;
        let key = reply.key(&create.value, create.id.as_ref())?;
        let key = reply.with_written(key, &create.write)?;
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
            self.call(&section, revoke.call().repeatable(), with).await?;
        }
        Ok(())
    }

    async fn is_dead(&self, key: &Key) -> Result<bool, Cause> {
        certain(self.check(key, "revoked").await)
    }

    fn lists_names(&self) -> bool {
        self.description
            .list
            .as_ref()
            .is_some_and(|list| list.name.is_some())
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

/// Adds the keys of one page; answers whether any of them has the member in which names stand, though it may be null.
pub(crate) fn read(
    list: &List,
    current_made: Option<SystemTime>,
    reply: &Reply,
    all: &mut Vec<Listed>,
) -> Result<bool, ProviderFault> {
    let mut named = false;
    let nothing = || reply.unusable(&format!("has no array at {:?}", list.keys));
    let keys = reply.json()?.at(&list.keys).ok_or_else(nothing)?;
    let room = MOST_KEYS - all.len();
    let outcome = keys.each(room, |key| {
        let text = |place: &Pointer| key.at(place).and_then(Json::text);
        let without = || Unread::Fault(reply.unusable(&format!("has a key without an id at {:?}", list.id)));
        let id = text(&list.id).filter(|id| !id.is_empty()).ok_or_else(without)?;
        // A name so long is none of ours.
        let name = list.name.as_ref().and_then(text);
        named |= list.name.as_ref().is_some_and(|place| key.at(place).is_some());
        all.push(Listed {
            id: reply.checked_id(id).map_err(Unread::Fault)?,
            name: name.filter(|name| name.len() <= LONGEST_NAME),
            unused: is_younger(list, key, current_made),
        });
        Ok(())
    });
    outcome.map(|()| named).map_err(|unread| match unread {
        Unread::Fault(fault) => fault,
        Unread::Items(NoItems::NoArray) => nothing(),
        Unread::Items(NoItems::TooMany) => {
            reply.unusable(&format!("has more than {MOST_KEYS} keys, on all pages"))
        }
    })
}

/// Whether a key is younger than the current version, as one that a crash of this rotation lost is.
fn is_younger(list: &List, key: Json<'_>, current_made: Option<SystemTime>) -> bool {
    let Some(place) = &list.created else {
        return true;
    };
    let made = key.at(place).and_then(Json::text);
    made.and_then(|made| clock::parse(&made))
        .zip(current_made)
        .is_some_and(|(made, current)| made >= current)
}

/// Why a page was not read.
enum Unread {
    Fault(ProviderFault),
    Items(NoItems),
}

impl From<NoItems> for Unread {
    fn from(none: NoItems) -> Self {
        Self::Items(none)
    }
}

#[cfg(test)]
mod tests;
