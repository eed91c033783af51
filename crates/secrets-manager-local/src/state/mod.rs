//! The secrets as plain data, and the operations on them as functions of data, time and ids.
//!
//! No clock, no chance, no I/O: every function is reproducible from its arguments. The numbered
//! facts are those of the crate's README.

mod error;
mod find;
mod labels;
mod lifecycle;
mod replica;
mod rotation;
mod secret;
mod trail;
mod value;
mod versions;

use std::collections::BTreeMap;

pub use error::{ApiError, ErrorCode};
pub use labels::StageMove;
pub use lifecycle::{Deletion, Details, NewSecret};
pub use replica::Replica;
pub use rotation::{Begun, Kind, Rotation, RotationRequest, Standing, Unfinished};
pub use secret::{Secret, Version};
pub use trail::{TrailEvent, TrailEventName};
pub use value::Value;
pub use versions::NewVersion;

pub(crate) use value::MAX_BYTES;

/// All secrets, by ARN, each with how it stood before its last write.
#[derive(Debug, Clone, Default)]
pub struct State {
    secrets: BTreeMap<String, Secret>,
    before: BTreeMap<String, Option<Secret>>,
}

impl State {
    /// Every secret, in the order of the ARNs.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values()
    }

    /// The secret with this ARN.
    pub fn get(&self, arn: &str) -> Result<&Secret, ApiError> {
        self.secrets.get(arn).ok_or_else(ApiError::no_secret)
    }

    /// Changes a secret, wholly or, if `change` fails, not at all.
    pub(crate) fn change<T>(
        &mut self,
        arn: &str,
        change: impl FnOnce(&mut Secret) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let secret = self.secrets.get_mut(arn).ok_or_else(ApiError::no_secret)?;
        let before = secret.clone();
        match change(secret) {
            Ok(answer) => {
                if *secret != before {
                    self.before.insert(arn.to_owned(), Some(before));
                }
                Ok(answer)
            }
            Err(error) => {
                *secret = before;
                Err(error)
            }
        }
    }

    /// Notes that a value was read; not a write that a stale read would miss.
    pub(crate) fn touch(&mut self, arn: &str, version: &staging_labels::VersionId, now: jiff::Timestamp) {
        if let Some(secret) = self.secrets.get_mut(arn) {
            secret.touch(version, now);
        }
    }

    /// Everything as it stood before the last write of each secret: what a stale read sees (fact 10).
    #[must_use]
    pub fn before_last_writes(&self) -> Self {
        let mut secrets = self.secrets.clone();
        for (arn, before) in &self.before {
            match before {
                Some(before) => secrets.insert(arn.clone(), before.clone()),
                None => secrets.remove(arn),
            };
        }
        Self {
            secrets,
            before: BTreeMap::new(),
        }
    }
}
