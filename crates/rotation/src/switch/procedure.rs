//! Move, commit, confirm, and the way back: the order of the calls, and the decision after each answer.

use std::time::Duration;

use staging_labels::VersionId;

use crate::context::Context;
use crate::event::Event;
use crate::fault::{Cause, Kind};
use crate::prepared::{Landed, Prepared};
use crate::progress::OutOfStep;
use crate::store::{MOVE, Moved, READ, Store, StoreFault, Tags};
use crate::target::Target;
use outbound::Budget;

use super::fault::SwitchFault;

/// How often a move is asked for whose answer is unknown.
const TRIES: u32 = 3;
/// Before it is asked for again, times the number of the try.
const PAUSE: Duration = Duration::from_millis(150);
/// What must be left for the commit and the report once the labels are read.
const END: Duration = Duration::from_secs(4);

/// The switch of one step.
pub(crate) struct Switch<'a, T> {
    pub(crate) store: &'a Store,
    pub(crate) target: &'a T,
    pub(crate) event: &'a Event,
    pub(crate) tags: &'a Tags,
    pub(crate) budget: Budget,
}

/// Where AWSCURRENT is, as far as can be known.
enum Outcome {
    There,
    NotThere(Cause),
}

impl<T: Target> Switch<'_, T> {
    /// Moves AWSCURRENT from `from` to the token's version, then commits `open`.
    ///
    /// From the move to the commit's answer nothing may return early: an early return would leave AWSCURRENT on a password that
    /// nobody has committed. A killed process leaves just that; the next step confirms.
    ///
    /// # Errors
    /// Why AWSCURRENT is not on the token's version, or why that version's value is not in use.
    pub(crate) async fn complete(
        &self,
        open: T::Prepared,
        from: &VersionId,
        pending: &T::Secret,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        if let Outcome::NotThere(cause) = self.move_current(&self.event.token, from, &open).await {
            open.rollback().await;
            return Err(cause);
        }
        match open.commit().await {
            Ok(landed) => self.settle(landed, from).await,
            // The commit may have been carried out or not. The same question is asked after a crash.
            Err(cause) => {
                tracing::warn!(
                    secret.id = %self.event.secret,
                    code = cause.code(),
                    "AWSCURRENT has moved, and the commit is not certain: {cause}"
                );
                self.confirm(pending, context).await
            }
        }
    }

    /// AWSCURRENT is on the token's version: makes sure that its value is in use.
    ///
    /// It sets the password only through the version that was current before. A late step must not undo a lock-out that somebody
    /// made on purpose, so neither an admin nor a version without a label is asked.
    ///
    /// # Errors
    /// `CurrentRefused` if that version is refused too; what came of the login and of the change.
    pub(crate) async fn confirm(&self, pending: &T::Secret, context: &Context<'_>) -> Result<(), Cause> {
        if self.target.accepts(pending, context).await? {
            return Ok(());
        }
        let previous = self.store.previous(&self.event.secret, self.budget).await?;
        let Some(previous) = previous.filter(|version| version.id != self.event.token) else {
            return Err(refused("no version carries AWSPREVIOUS"));
        };
        let before = self.target.read(&previous.text, self.tags)?;
        self.target.check_pair(&before, pending)?;
        let Some(open) = self.target.reapply(&before, pending, context).await? else {
            return Err(refused("so is the value of AWSPREVIOUS"));
        };
        // The row is locked now. If somebody moved AWSCURRENT on since it was read, the password is theirs to set.
        let still = self
            .store
            .current_is(&self.event.secret, &self.event.token, self.budget)
            .await;
        if !still.is_ok_and(|still| still) {
            open.rollback().await;
            return Err(OutOfStep::CurrentMoved.into());
        }
        tracing::warn!(
            secret.id = %self.event.secret,
            "AWSCURRENT had moved and the password had not changed: it is set now"
        );
        let landed = open.commit().await?;
        self.settle(landed, &previous.id).await
    }

    /// After the commit: done, or back to `from`.
    async fn settle(&self, landed: Landed<T::Prepared>, from: &VersionId) -> Result<(), Cause> {
        let (back, cause) = match landed {
            Landed::InUse => return Ok(()),
            Landed::Refused { back, cause } => (back, cause),
        };
        // In the same order as forward: the label's move decides, and what is open follows it.
        match self.move_current(from, &self.event.token, &back).await {
            Outcome::There => match back.commit_back().await {
                Ok(()) => Err(SwitchFault::given_back(&cause).into()),
                Err(unknown) => Err(refused(&format!(
                    "AWSCURRENT is on the old version again, and it is not certain that the server has its password again: {}",
                    unknown.problem()
                ))),
            },
            Outcome::NotThere(stays) => {
                back.rollback().await;
                Err(refused(&format!(
                    "{}; AWSCURRENT could not be moved back: {}",
                    cause.problem(),
                    stays.problem()
                )))
            }
        }
    }

    /// Asks for the move until its outcome is known or time runs short, then reads the labels.
    async fn move_current(&self, to: &VersionId, from: &VersionId, open: &T::Prepared) -> Outcome {
        let secret = &self.event.secret;
        let mut unknown = None;
        for nth in 1..=TRIES {
            if nth > 1 {
                if self.budget.remaining() < MOVE + READ + END {
                    break;
                }
                tokio::time::sleep(PAUSE * (nth - 1)).await;
            }
            match self.store.move_current(secret, to, from, open, self.budget).await {
                Moved::Yes => return Outcome::There,
                // An earlier try that was not answered may have moved it, whatever is denied now.
                Moved::Denied(cause) if unknown.is_none() => return Outcome::NotThere(cause),
                // The compare failed: an earlier try moved it, or somebody else did. Once more would say the same.
                Moved::Unknown(cause) if is_conflict(&cause) => {
                    unknown = Some(cause);
                    break;
                }
                Moved::Denied(cause) | Moved::Unknown(cause) => unknown = Some(cause),
            }
        }
        let Some(cause) = unknown else {
            unreachable!("the first try is always made");
        };
        match self.store.current_is(secret, to, self.budget).await {
            Ok(true) => Outcome::There,
            Ok(false) => Outcome::NotThere(not_moved(cause)),
            Err(unread) => Outcome::NotThere(
                SwitchFault::MoveUnknown(format!("{}; {}", cause.problem(), unread.problem())).into(),
            ),
        }
    }
}

fn is_conflict(cause: &Cause) -> bool {
    matches!(cause.as_fault(), Some(StoreFault::PromoteConflict))
}

/// What to say of a move that did not happen as far as the labels tell. A refusal says so itself; after silence the call may
/// still be carried out.
fn not_moved(cause: Cause) -> Cause {
    if is_conflict(&cause) || matches!(cause.kind(), Kind::Permission | Kind::Throttling) {
        cause
    } else {
        SwitchFault::MoveUnknown(cause.problem().to_string()).into()
    }
}

fn refused(why: &str) -> Cause {
    SwitchFault::CurrentRefused(why.to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Prospect;

    #[test]
    fn a_conflict_is_told_as_one_and_silence_as_an_unknown_move() {
        let conflict = not_moved(StoreFault::PromoteConflict.into());
        assert_eq!(conflict.code(), "PromoteConflict");
        let silence = not_moved(OutOfStep::CurrentMissing.into());
        assert_eq!(silence.code(), "MoveUnknown");
        assert!(silence.to_string().contains("rolled back"), "{silence}");
    }

    #[test]
    fn a_value_that_was_given_back_loses_awspending() {
        let cause: Cause = SwitchFault::given_back(&refused("no")).into();
        assert_eq!(cause.prospect(), Prospect::PoisonedPending);
    }
}
