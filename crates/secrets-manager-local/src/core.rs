//! What the parts of the server share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use staging_labels::VersionId;
use tokio::sync::Notify;

use crate::api::{self, Answer, Operation, Quota};
use crate::calls::CallLog;
use crate::clock::Clock;
use crate::driver;
use crate::faults::{self, Faults};
use crate::lambda::Host;
use crate::runs::RunLog;
use crate::state::{ApiError, State, Unfinished};
use crate::sync::lock;
use crate::throttle::Throttle;

/// What the server does differently on request.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) arn_suffix: Option<String>,
    pub(crate) retry_delays: Vec<Duration>,
    pub(crate) quotas: BTreeMap<Quota, usize>,
    pub(crate) reattempt_refused: bool,
}

/// The server's shared parts.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) calls: CallLog,
    pub(crate) runs: RunLog,
    pub(crate) host: Arc<Host>,
    /// Wakes the scheduler when a schedule may have changed.
    pub(crate) rescheduled: Notify,
    state: Mutex<State>,
    throttle: Mutex<Throttle>,
}

impl Core {
    pub(crate) fn new(settings: Settings, clock: Clock, host: Arc<Host>, calls: CallLog) -> Self {
        let throttle = Mutex::new(Throttle::new(settings.quotas.clone()));
        Self {
            settings,
            clock,
            faults: Faults::default(),
            calls,
            runs: RunLog::new(),
            host,
            rescheduled: Notify::new(),
            state: Mutex::default(),
            throttle,
        }
    }

    /// Looks at the secrets.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&lock(&self.state))
    }

    /// Changes the secrets.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        change(&mut lock(&self.state), self.clock.now())
    }

    /// Carries out a call, and sets going the rotation that it begins.
    pub(crate) fn perform(
        self: &Arc<Self>,
        operation: Operation,
        members: &Map<String, Json>,
        stale: bool,
    ) -> Result<Json, ApiError> {
        let now = self.clock.now();
        if operation
            .quota()
            .is_some_and(|quota| !lock(&self.throttle).admit(quota, now))
        {
            return Err(faults::throttled());
        }
        let answer = self.answer(operation, members, stale && operation.reads(), now);
        match (operation, answer) {
            (_, Ok(answer)) => {
                if let Some((arn, run)) = answer.begun {
                    driver::begin(self, arn, run);
                }
                self.rescheduled.notify_one();
                Ok(answer.body)
            }
            (Operation::RotateSecret, Err(error)) => {
                self.reattempt(members);
                Err(error)
            }
            (_, Err(error)) => Err(error),
        }
    }

    fn answer(
        &self,
        operation: Operation,
        members: &Map<String, Json>,
        stale: bool,
        now: Timestamp,
    ) -> Result<Answer, ApiError> {
        let context = api::Context {
            now,
            fresh_token: VersionId::stored(uuid::Uuid::new_v4().to_string()),
            arn_suffix: self.arn_suffix(),
            rotation_token: fresh_rotation_token(),
            may_invoke: &|arn| arn.starts_with("arn:") && self.host.name_of(arn).is_some(),
        };
        let mut secrets = lock(&self.state);
        if stale {
            return api::perform(operation, members, &mut secrets.before_last_writes(), &context);
        }
        api::perform(operation, members, &mut secrets, &context)
    }

    fn arn_suffix(&self) -> String {
        let fixed = self.settings.arn_suffix.clone();
        fixed.unwrap_or_else(random_arn_suffix)
    }

    /// "That rotation will be reattempted" (fact 3): the one that failed and was neither abandoned nor cancelled.
    fn reattempt(self: &Arc<Self>, members: &Map<String, Json>) {
        let id = members.get("SecretId").and_then(Json::as_str).unwrap_or_default();
        let waiting = self.read(|state| {
            let secret = state.find(id).ok()?;
            let function = secret.rotation.as_ref()?.function_arn.as_ref();
            let run = secret
                .unfinished
                .clone()
                .filter(|_| function.is_some() && secret.deletion.is_none())?;
            Some((secret.arn.clone(), run))
        });
        if let Some((arn, run)) = waiting.filter(|_| self.settings.reattempt_refused) {
            driver::begin(self, arn, run);
        }
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
            kind: crate::state::Kind::Full,
        };
        self.write(|state, now| {
            let arn = state.resolve(secret_id)?.to_owned();
            state.change(&arn, |secret| {
                secret.stage_pending(run, now)?;
                let staged = secret.unfinished.as_ref().map(|run| run.rotation_token.clone());
                Ok(staged.unwrap_or_default())
            })
        })
    }

    /// Puts tags on a secret as AWS itself does, those whose keys begin with `aws:` included (fact 19).
    pub(crate) fn set_system_tags(
        &self,
        secret_id: &str,
        tags: Vec<(String, String)>,
    ) -> Result<(), ApiError> {
        self.write(|state, _| {
            let arn = state.resolve(secret_id)?.to_owned();
            state.change(&arn, |secret| secret.add_tags(tags))
        })
    }

    /// Sets what only AWS sets: the service that manages a secret, or the region of its primary (facts 17 and 19).
    pub(crate) fn set_origin(
        &self,
        secret_id: &str,
        owning_service: Option<String>,
        primary_region: Option<String>,
    ) -> Result<(), ApiError> {
        self.write(|state, _| {
            let arn = state.resolve(secret_id)?.to_owned();
            state.change(&arn, |secret| {
                secret.owning_service = owning_service;
                secret.primary_region = primary_region;
                Ok(())
            })
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
