//! The move of AWSCURRENT while a change is open, and the question where it is.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::Config;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use staging_labels::{Label, VersionId};

use crate::event::SecretId;
use crate::fault::{Cause, Kind};
use crate::prepared::Prepared;
use outbound::Budget;

use super::calls::{Store, waiting};
use super::fault::{StoreFault, classify};

/// Longest wait for one move. The database holds the role's lock meanwhile.
pub(crate) const MOVE: Duration = Duration::from_secs(3);
/// Longest wait for labels that agree.
pub(crate) const READ: Duration = Duration::from_millis(3500);
/// How far apart two answers lie that are believed: longer than a read is behind a write.
const APART: Duration = Duration::from_millis(1100);

/// What one request to move AWSCURRENT says.
#[derive(Debug)]
pub(crate) enum Moved {
    /// It is there now.
    Yes,
    /// The request was refused before anything was looked at.
    Denied(Cause),
    /// It may have moved, by this request or by an earlier one.
    Unknown(Cause),
}

impl Store {
    /// Moves AWSCURRENT from `from` to `to` in one request. The SDK does not repeat it: a repetition after a lost answer comes back as
    /// a conflict, and the caller must know which of the two it is.
    ///
    /// The witness is a change that is still open, for it is borrowed: the target's server has taken over the new value, and can
    /// still let it go.
    pub(crate) async fn move_current(
        &self,
        secret: &SecretId,
        to: &VersionId,
        from: &VersionId,
        _: &impl Prepared,
        budget: Budget,
    ) -> Moved {
        let secret = secret.as_str();
        let call = self
            .client
            .update_secret_version_stage()
            .secret_id(secret)
            .version_stage(Label::Current.as_str())
            .move_to_version_id(to.as_str())
            .remove_from_version_id(from.as_str())
            .customize()
            .config_override(Config::builder().retry_config(RetryConfig::disabled()))
            .send();
        match budget
            .wait(waiting("UpdateSecretVersionStage", secret), MOVE, call)
            .await
        {
            Ok(Ok(_)) => Moved::Yes,
            Ok(Err(error)) => {
                let conflict = error.as_service_error();
                if conflict.is_some_and(UpdateSecretVersionStageError::is_invalid_parameter_exception) {
                    return Moved::Unknown(StoreFault::PromoteConflict.into());
                }
                judged(classify("UpdateSecretVersionStage", secret, &error).into())
            }
            Err(silence) => Moved::Unknown(silence.into()),
        }
    }

    /// Whether AWSCURRENT is on `version`, once two answers that lie more than a second apart say the same: a read may be a moment
    /// behind the last write.
    ///
    /// # Errors
    /// Secrets Manager's refusal, or no two answers agreed in time.
    pub(crate) async fn current_is(
        &self,
        secret: &SecretId,
        version: &VersionId,
        budget: Budget,
    ) -> Result<bool, Cause> {
        let secret = secret.as_str();
        let ask = async || {
            let labels = self.describe(secret, budget).await?.labels;
            Ok::<_, Cause>(labels.carrier(&Label::Current) == Some(version))
        };
        let agree = async {
            let mut earlier = ask().await?;
            loop {
                tokio::time::sleep(APART).await;
                let now = ask().await?;
                if now == earlier {
                    return Ok(now);
                }
                earlier = now;
            }
        };
        budget
            .wait(waiting("DescribeSecret", secret), READ, agree)
            .await?
    }
}

/// IAM and a call that was never sent leave everything as it was; after all else nobody knows.
fn judged(cause: Cause) -> Moved {
    match cause.kind() {
        Kind::Permission | Kind::Configuration => Moved::Denied(cause),
        _ => Moved::Unknown(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::OutOfStep;

    #[test]
    fn only_what_was_refused_beforehand_is_a_denial() {
        let denied = StoreFault::RoleInvalid {
            problem: "none".to_owned(),
        };
        assert!(matches!(judged(denied.into()), Moved::Denied(_)));
        assert!(matches!(
            judged(OutOfStep::CurrentMoved.into()),
            Moved::Unknown(_)
        ));
    }
}
