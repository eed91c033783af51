//! What the parts of the server share: settings, clock, secrets, faults, records and functions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use staging_labels::VersionId;
use tokio::sync::{Notify, watch};

use super::token::Token;
use crate::api::{Operation, Quota};
use crate::arn::Realm;
use crate::clock::Clock;
use crate::faults::{Faults, Throttle};
use crate::lambda::Host;
use crate::records::{CallLog, RunLog, Sessions};
use crate::state::{
    ApiError, PendingRemoval, Regions, RotationKind, Secret, State, Unfinished, lifecycle, rotate,
};
use crate::sync::lock;

/// What the server does differently on request.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) realm: Realm,
    /// What a caller must know.
    pub(crate) token: Option<Token>,
    pub(crate) arn_suffix: Option<String>,
    pub(crate) retry_delays: Vec<Duration>,
    pub(crate) quotas: BTreeMap<Quota, usize>,
    pub(crate) reattempt_refused: bool,
    pub(crate) pending_removal: PendingRemoval,
    /// Whether the page shows values.
    pub(crate) reveal: bool,
}

/// The server's shared parts.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) calls: CallLog,
    pub(crate) runs: RunLog,
    pub(crate) sessions: Sessions,
    pub(crate) host: Arc<Host>,
    /// Wakes the scheduler when a schedule may have changed.
    pub(crate) rescheduled: Notify,
    /// Tells that the secrets may have changed.
    changes: watch::Sender<()>,
    state: Mutex<Regions>,
    throttle: Mutex<Throttle>,
}

impl Core {
    pub(crate) fn new(settings: Settings, clock: Clock, host: Arc<Host>, calls: CallLog) -> Self {
        let throttle = Mutex::new(Throttle::new(settings.quotas.clone()));
        let state = Mutex::new(Regions::new(&settings.realm, settings.pending_removal));
        Self {
            settings,
            clock,
            faults: Faults::default(),
            calls,
            runs: RunLog::new(),
            sessions: Sessions::default(),
            host,
            rescheduled: Notify::new(),
            changes: watch::Sender::new(()),
            state,
            throttle,
        }
    }

    /// As at the start: no secrets, no faults, no records. The functions stay, with what Lambda holds of them.
    pub(crate) fn reset(&self) {
        *lock(&self.state) = Regions::new(&self.settings.realm, self.settings.pending_removal);
        self.faults.clear();
        self.calls.clear();
        self.runs.clear();
        self.sessions.clear();
        self.rescheduled.notify_one();
    }

    /// The account and the regions.
    pub(crate) fn realm(&self) -> &Realm {
        &self.settings.realm
    }

    /// Looks at the secrets of a region.
    pub(crate) fn read<T>(&self, region: &str, look: impl FnOnce(&State) -> T) -> T {
        self.read_all(|regions| look(regions.at(region)))
    }

    /// Looks at the secrets of the region that an ARN names; a name is one of the home region.
    pub(crate) fn read_by<T>(&self, secret_id: &str, look: impl FnOnce(&State) -> T) -> T {
        self.read(self.realm().region_of(secret_id), look)
    }

    /// Looks at the secrets of all regions.
    pub(crate) fn read_all<T>(&self, look: impl FnOnce(&Regions) -> T) -> T {
        let mut regions = lock(&self.state);
        regions.replicate(self.realm(), self.clock.now());
        look(&regions)
    }

    /// Changes the secrets of a region.
    pub(crate) fn write<T>(&self, region: &str, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let now = self.clock.now();
        let mut regions = lock(&self.state);
        regions.replicate(self.realm(), now);
        let done = change(regions.at_mut(region), now);
        drop(regions);
        self.changes.send_replace(());
        done
    }

    /// Changes the secrets of the region that an ARN names.
    pub(crate) fn write_by<T>(&self, arn: &str, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        self.write(self.realm().region_of(arn), change)
    }

    /// Tells when the secrets may have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Changes one secret, by its name or ARN.
    fn change<T>(
        &self,
        secret_id: &str,
        change: impl FnOnce(&mut Secret, Timestamp) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.write_by(secret_id, |state, now| {
            let arn = state.resolve(secret_id)?.to_owned();
            state.change(&arn, |secret| change(secret, now))
        })
    }

    /// Whether a call fits into its quota (fact 16).
    pub(super) fn admits(&self, operation: Operation, now: Timestamp) -> bool {
        operation
            .quota()
            .is_none_or(|quota| lock(&self.throttle).admit(quota, now))
    }

    /// The end of a new secret's ARN.
    pub(super) fn arn_suffix(&self) -> String {
        let fixed = self.settings.arn_suffix.clone();
        fixed.unwrap_or_else(random_arn_suffix)
    }

    /// Stages an empty `AWSPENDING` version without invoking anything (fact 2). The events' RotationToken.
    pub(crate) fn stage_pending(
        &self,
        secret_id: &str,
        token: VersionId,
        rotation_token: Option<String>,
    ) -> Result<String, ApiError> {
        let rotation_token = rotation_token.unwrap_or_else(fresh_rotation_token);
        let run = Unfinished {
            token,
            rotation_token,
            kind: RotationKind::Full,
        };
        self.change(secret_id, |secret, now| {
            rotate::stage_pending(secret, run, now)?;
            let staged = secret.unfinished.as_ref().map(|run| run.rotation_token.clone());
            Ok(staged.unwrap_or_default())
        })
    }

    /// Puts tags on a secret as AWS itself does, those whose keys begin with `aws:` included (fact 19).
    pub(crate) fn set_system_tags(
        &self,
        secret_id: &str,
        tags: Vec<(String, String)>,
    ) -> Result<(), ApiError> {
        self.change(secret_id, |secret, _| lifecycle::add_tags(secret, tags))
    }

    /// Sets what only AWS sets: the service that manages a secret, or the region of its primary (facts 17 and 19).
    pub(crate) fn set_origin(
        &self,
        secret_id: &str,
        owning_service: Option<String>,
        primary_region: Option<String>,
    ) -> Result<(), ApiError> {
        self.change(secret_id, |secret, _| {
            secret.owning_service = owning_service;
            secret.primary_region = primary_region;
            Ok(())
        })
    }
}

/// A credential that a rotation's events carry: 36 characters of `[A-Za-z0-9-]` (fact 1).
pub(crate) fn fresh_rotation_token() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Six letters or digits, as AWS appends to a secret's name in its ARN.
fn random_arn_suffix() -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let chance = uuid::Uuid::new_v4().into_bytes();
    chance
        .iter()
        .take(6)
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}
