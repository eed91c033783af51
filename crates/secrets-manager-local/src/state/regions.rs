//! The secrets of every region, and how replicas follow their primary from one region to another.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::labels::PendingRemoval;
use super::replica::{Failure, Replica};
use super::secret::Secret;
use super::secrets::State;
use crate::arn::{Realm, in_region, region};

/// The secrets of every region.
#[derive(Debug)]
pub(crate) struct Regions {
    home: State,
    others: BTreeMap<String, State>,
}

/// What came of bringing a replica up to date.
enum Copied {
    /// It is as the primary.
    Yes,
    /// Another secret has its name.
    NameTaken,
    /// It follows its primary no more: `StopReplicationToReplica`.
    Independent,
}

impl Regions {
    /// No secrets yet.
    pub(crate) fn new(realm: &Realm, removal: PendingRemoval) -> Self {
        let others = realm.regions().skip(1);
        Self {
            home: State::new(removal),
            others: others
                .map(|region| (region.to_owned(), State::new(removal)))
                .collect(),
        }
    }

    /// The secrets of a region.
    pub(crate) fn at(&self, region: &str) -> &State {
        self.others.get(region).unwrap_or(&self.home)
    }

    /// The secrets of all regions, those of the home region first.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.home)
            .chain(self.others.values())
            .flat_map(State::secrets)
    }

    /// The same, to change.
    pub(crate) fn at_mut(&mut self, region: &str) -> &mut State {
        self.others.get_mut(region).unwrap_or(&mut self.home)
    }

    /// Brings every replica as far as it has come by `now`.
    pub(crate) fn replicate(&mut self, realm: &Realm, now: Timestamp) {
        if self.others.is_empty() {
            return;
        }
        let primaries: Vec<Secret> = self
            .secrets()
            .filter(|secret| !secret.replicas.is_empty())
            .cloned()
            .collect();
        for region in realm.regions() {
            self.at_mut(region).drop_copies(|copy| {
                let is_primary = |secret: &&Secret| copy.primary_arn.as_ref() == Some(&secret.arn);
                let primary = primaries.iter().find(is_primary);
                !primary.is_some_and(|secret| secret.replicas.iter().any(|replica| replica.region == region))
            });
        }
        for primary in &primaries {
            let served = |replica: &&Replica| realm.regions().any(|region| region == replica.region);
            for replica in primary.replicas.iter().filter(served) {
                if !replica.may_follow(now) {
                    continue;
                }
                let copied = copy(self.at_mut(&replica.region), primary, replica, now);
                let own = region(&primary.arn).unwrap_or_default().to_owned();
                self.at_mut(&own)
                    .note(&primary.arn, |secret| note(secret, &replica.region, &copied));
            }
        }
    }
}

fn note(primary: &mut Secret, region: &str, copied: &Copied) {
    let replicas = &mut primary.replicas;
    if matches!(copied, Copied::Independent) {
        replicas.retain(|replica| replica.region != region);
    }
    if let Some(replica) = replicas.iter_mut().find(|replica| replica.region == region) {
        replica.failure = matches!(copied, Copied::NameTaken).then_some(Failure::NameTaken);
        replica.is_there = matches!(copied, Copied::Yes);
    }
}

fn copy(state: &mut State, primary: &Secret, replica: &Replica, now: Timestamp) -> Copied {
    let arn = in_region(&primary.arn, &replica.region);
    let is_ours = |secret: &Secret| secret.primary_arn.as_ref() == Some(&primary.arn);
    let other = state
        .secrets()
        .find(|secret| secret.name == primary.name && !is_ours(secret))
        .map(|secret| secret.arn.clone());
    if let Some(other) = other {
        if replica.is_there {
            return Copied::Independent;
        }
        if !replica.overwrites {
            return Copied::NameTaken;
        }
        // It was found a line above.
        let _ = state.remove(&other);
    }
    let known = state.get(&arn).ok();
    if known.is_none() && replica.is_there {
        return Copied::Independent;
    }
    let mut fresh = Secret {
        arn,
        created: now,
        last_changed: now,
        last_accessed: None,
        last_rotated: None,
        kms_key_id: replica.kms_key_id.clone(),
        rotation: None,
        unfinished: None,
        trail: Vec::new(),
        primary_region: region(&primary.arn).map(str::to_owned),
        primary_arn: Some(primary.arn.clone()),
        replicas: Vec::new(),
        ..primary.clone()
    };
    for version in &mut fresh.versions {
        version.last_accessed = None;
    }
    if known.is_none() {
        state.insert(fresh);
        return Copied::Yes;
    }
    // It was found above.
    let _ = state.change(&fresh.arn.clone(), |known| {
        let mut copy = with_its_own(fresh, known);
        if copy != *known {
            copy.last_changed = now;
            *known = copy;
        }
        Ok(())
    });
    Copied::Yes
}

/// The primary's content, with what is a copy's own: its key, and when it was made and read.
fn with_its_own(mut fresh: Secret, known: &Secret) -> Secret {
    for version in &mut fresh.versions {
        version.last_accessed = known.version(&version.id).and_then(|known| known.last_accessed);
    }
    Secret {
        created: known.created,
        last_changed: known.last_changed,
        last_accessed: known.last_accessed,
        kms_key_id: known.kms_key_id.clone(),
        ..fresh
    }
}
