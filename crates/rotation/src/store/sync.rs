//! The wait until the replicas of a secret have followed.

use std::time::Duration;

use outbound::Budget;
use tokio::time::Instant;

use crate::event::SecretId;
use crate::fault::{Cause, Fault};

use super::calls::Store;
use super::replicas::{behind, limit};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(500);

impl Store {
    /// Waits until no replica is behind, at most as long as is set. After that the rotation goes on all the same: a region that is
    /// out of order must not stop the rotation of all others.
    ///
    /// # Errors
    /// Secrets Manager's refusal.
    pub(crate) async fn wait_for_replicas(&self, secret: &SecretId, budget: Budget) -> Result<(), Cause> {
        let (start, limit) = (Instant::now(), limit(self.replica_wait, budget));
        loop {
            let replicas = self.describe(secret.as_str(), budget).await?.replicas;
            let Some(behind) = behind(&replicas) else {
                return Ok(());
            };
            if start.elapsed() + PAUSE > limit {
                let seconds = limit.as_secs_f64();
                tracing::warn!(
                    secret.id = %secret,
                    code = behind.code(),
                    "{behind}; after {seconds:.1} s the rotation goes on: {}", behind.advice().remedy
                );
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
