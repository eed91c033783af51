//! One step: read, decide, act.

use std::borrow::Cow;
use std::cell::OnceCell;

use futures_util::future::{join, join3};
use staging_labels::{Action, Label, Labels, Refusal, RotationState, Step, VersionId, plan};

use crate::budget::settle;
use crate::context::Context;
use crate::error::Error;
use crate::event::Event;
use crate::fault::{Cause, Fault, Kind, Prospect};
use crate::store::{Description, Staged, Store, Version};
use crate::target::Target;
use outbound::Budget;

/// Proof that the target accepted the pending value in this very invocation. Only [`verify`] makes it, and
/// [`Store::promote`] asks for it.
#[derive(Debug)]
pub(crate) struct Verified(());

/// The values that one reading of the secret showed.
struct Reading {
    current: Option<Version>,
    pending: Option<Version>,
}

impl Reading {
    /// The value and the labels were read at the same time, but either may be a moment behind.
    fn agrees_with(&self, labels: &Labels) -> Result<(), Stray> {
        match &self.current {
            Some(version) if labels.carrier(&Label::Current) != Some(&version.id) => Err(Stray::CurrentMoved),
            _ => Ok(()),
        }
    }
}

/// A pair of documents, read and found to be of one account.
struct Pair<S> {
    current: S,
    /// The version that `current` was read from.
    version: VersionId,
    pending: S,
}

/// Runs one step, and answers with the action that was taken.
///
/// # Errors
/// An [`Error`] with the secret, the step, the cause and the remedy.
pub async fn run<T: Target>(
    store: &Store,
    target: &T,
    event: &Event,
    budget: Budget,
) -> Result<&'static str, Error> {
    let step = Stepper {
        store,
        target,
        event,
        arn: OnceCell::new(),
        budget,
    };
    match settle(budget, async || step.attempt().await).await {
        Ok(action) => Ok(action),
        Err(cause) => {
            let released = step.release_if_poisoned(&cause).await;
            Err(Error {
                step: Some(event.step),
                secret: Some(event.secret.clone()),
                token: Some(event.token.clone()),
                cause,
                released,
            })
        }
    }
}

struct Stepper<'a, T> {
    store: &'a Store,
    target: &'a T,
    event: &'a Event,
    /// The secret's, as the first answer has it.
    arn: OnceCell<String>,
    budget: Budget,
}

impl<T: Target> Stepper<'_, T> {
    async fn attempt(&self) -> Result<&'static str, Cause> {
        let (labels, reading) = self.read().await?;
        let read = reading.current.iter().chain(&reading.pending).next();
        if let Some(arn) = read.and_then(|version| version.arn.clone()) {
            self.arn.get_or_init(|| arn);
        }
        let action = plan(self.event.step, &labels, &self.event.token).map_err(Stray::Refused)?;
        if action != Action::Nothing {
            reading.agrees_with(&labels)?;
        }
        match action {
            Action::Nothing if self.event.step == Step::Finish => self.finished(reading.current).await?,
            Action::Nothing => {}
            Action::Stage => self.stage(reading).await?,
            Action::Apply => {
                let pair = self.pair(reading)?;
                let context = self.context(&pair.version);
                self.target.apply(&pair.current, &pair.pending, &context).await?;
            }
            Action::Verify => {
                self.verify(&self.pair(reading)?).await?;
            }
            Action::Promote { from } => {
                let pair = self.pair(reading)?;
                let verified = self.verify(&pair).await?;
                self.store
                    .promote(self.event, from, verified, self.budget)
                    .await?;
                let context = self.context(&self.event.token);
                self.target
                    .finished(self.target.text(&pair.pending), &context)
                    .await?;
            }
        }
        Ok(action.name())
    }

    /// Reads what the step needs, at once. The first two steps ask DescribeSecret, which alone tells that a
    /// rotation was cancelled, unless the target does so itself; the last two find the labels in the two values'
    /// answers, and ask only if one of the two has no value.
    async fn read(&self) -> Result<(Labels, Reading), Cause> {
        let (store, secret, token, budget) = (self.store, &self.event.secret, &self.event.token, self.budget);
        let (description, pending, current) = match self.event.step {
            Step::Create => {
                let (description, current) =
                    join(store.describe(secret, budget), store.current(secret, budget)).await;
                (Some(description?), None, current?)
            }
            Step::Set if !T::CONFIRMS => {
                let (description, pending, current) = join3(
                    store.describe(secret, budget),
                    store.version(secret, token, budget),
                    store.current(secret, budget),
                )
                .await;
                (Some(description?), pending?, current?)
            }
            Step::Set | Step::Test | Step::Finish => {
                let (pending, current) = join(
                    store.version(secret, token, budget),
                    store.current(secret, budget),
                )
                .await;
                (None, pending?, current?)
            }
        };
        let labels = match (description, &pending, &current) {
            (Some(description), _, _) => under_way(description)?,
            (None, Some(pending), Some(current)) => labels_of(pending, current),
            (None, _, _) if self.event.step == Step::Set => under_way(store.describe(secret, budget).await?)?,
            (None, _, _) => store.describe(secret, budget).await?.labels,
        };
        Ok((labels, Reading { current, pending }))
    }

    /// Stores a new value. If the version has one already, that one must be as good as a new one.
    async fn stage(&self, reading: Reading) -> Result<(), Cause> {
        let version = reading.current.ok_or(Stray::NoCurrent)?;
        let current = self.target.read(&version.text)?;
        let context = self.context(&version.id);
        let proposal = self.target.propose(&current, &context).await?;
        let text = self.target.text(&proposal);
        match self.store.stage_pending(self.event, text, self.budget).await {
            Ok(Staged::New) => Ok(()),
            Ok(Staged::AlreadyThere) => {
                let staged = self
                    .store
                    .version(&self.event.secret, &self.event.token, self.budget)
                    .await?;
                let staged = self.target.read(&staged.ok_or(Stray::NoPending)?.text)?;
                self.target
                    .discard(&current, &proposal, Some(&staged), &context)
                    .await?;
                self.target.check_pair(&current, &staged)
            }
            // After any other failure it may be stored all the same.
            Err(cause) if cause.kind() == Kind::Permission => {
                if let Err(also) = self.target.discard(&current, &proposal, None, &context).await {
                    tracing::warn!(secret.id = %self.event.secret, code = also.code(),
                        "what was made for version {} could not be undone: {also}", self.event.token);
                }
                Err(cause)
            }
            Err(cause) => Err(cause),
        }
    }

    /// AWSCURRENT is on the token's version, as far as this reading goes.
    async fn finished(&self, current: Option<Version>) -> Result<(), Cause> {
        match current {
            Some(version) if version.id == self.event.token => {
                let context = self.context(&version.id);
                self.target.finished(&version.text, &context).await
            }
            _ => Ok(()),
        }
    }

    fn pair(&self, reading: Reading) -> Result<Pair<T::Secret>, Cause> {
        let current = reading.current.ok_or(Stray::NoCurrent)?;
        let pending = reading.pending.ok_or(Stray::NoPending)?;
        let pair = Pair {
            current: self.target.read(&current.text)?,
            pending: self.target.read(&pending.text)?,
            version: current.id,
        };
        self.target.check_pair(&pair.current, &pair.pending)?;
        Ok(pair)
    }

    async fn verify(&self, pair: &Pair<T::Secret>) -> Result<Verified, Cause> {
        let context = self.context(&pair.version);
        self.target.verify(&pair.current, &pair.pending, &context).await?;
        Ok(Verified(()))
    }

    fn context<'a>(&'a self, current: &'a VersionId) -> Context<'a> {
        let arn = self.arn.get().map_or(self.event.secret.as_str(), String::as_str);
        Context::new(self.store, self.event, arn, current, self.budget)
    }

    async fn release_if_poisoned(&self, cause: &Cause) -> bool {
        if cause.prospect() != Prospect::PoisonedPending {
            return false;
        }
        let released = self.store.release_pending(self.event, self.budget).await;
        if let Err(error) = &released {
            tracing::warn!(secret.id = %self.event.secret, code = error.code(),
                "AWSPENDING could not be taken off version {}: {error}", self.event.token);
        }
        released.is_ok()
    }
}

/// The labels of a secret whose rotation was not cancelled.
pub(crate) fn under_way(description: Description) -> Result<Labels, Cause> {
    if description.rotation_enabled == Some(false) {
        return Err(Stray::Cancelled.into());
    }
    Ok(description.labels)
}

fn labels_of(pending: &Version, current: &Version) -> Labels {
    [pending, current]
        .into_iter()
        .map(|version| (version.id.as_str(), &version.labels))
        .collect()
}

/// Whether the rotation of `token` is still under way, from the `current` version that it began with.
///
/// # Errors
/// It was abandoned, or AWSCURRENT has moved.
pub(crate) fn stand(labels: &Labels, token: &VersionId, current: &VersionId) -> Result<(), Cause> {
    match labels.state_of(token) {
        RotationState::Pending { current: Some(now) } if now == current => Ok(()),
        RotationState::Pending { .. } | RotationState::Finished => Err(Stray::CurrentMoved.into()),
        RotationState::Abandoned => Err(Stray::Refused(Refusal::Abandoned).into()),
        RotationState::Unknown => Err(Stray::Refused(Refusal::Unknown).into()),
    }
}

/// A rotation that is not where the step expects it.
#[derive(Debug, thiserror::Error)]
enum Stray {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the rotation was cancelled")]
    Cancelled,
    #[error("AWSCURRENT has moved while the step was at work")]
    CurrentMoved,
    #[error("no version of the secret has a value labelled AWSCURRENT")]
    NoCurrent,
    #[error("the version labelled AWSPENDING has no value")]
    NoPending,
}

impl Fault for Stray {
    fn code(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::Abandoned) => "RotationAbandoned",
            Self::Refused(Refusal::Unknown) => "VersionUnknown",
            Self::Cancelled => "RotationCancelled",
            Self::CurrentMoved => "CurrentMoved",
            Self::NoCurrent => "CurrentMissing",
            Self::NoPending => "PendingMissing",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Rotation
    }

    fn remedy(&self) -> Cow<'_, str> {
        match self {
            Self::Refused(_) => "this step changed nothing; start a new rotation (aws secretsmanager rotate-secret)",
            Self::CurrentMoved => "this step changed nothing; Secrets Manager repeats the rotation",
            Self::Cancelled => "this step changed nothing; configure the rotation again to rotate this secret",
            Self::NoCurrent => "put a value into the secret (aws secretsmanager put-secret-value)",
            Self::NoPending => {
                "this step changed nothing; createSecret must run first: let Secrets Manager repeat the rotation, or take AWSPENDING off this version"
            }
        }
        .into()
    }

    /// A step may see the secret as it stood a moment before the last write, a person's included.
    fn prospect(&self) -> Prospect {
        Prospect::Stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(versions: &[(&str, &[&str])], expected: &str) {
        let labels: Labels = versions.iter().map(|(id, labels)| (*id, labels.iter())).collect();
        let (token, current) = (VersionId::stored("v2"), VersionId::stored("v1"));
        let outcome = stand(&labels, &token, &current);
        assert_eq!(
            outcome.map_or_else(|cause| cause.code(), |()| "stands"),
            expected,
            "{labels}"
        );
    }

    #[test]
    fn a_rotation_stands_while_both_labels_are_where_they_were() {
        check(&[("v1", &["AWSCURRENT"]), ("v2", &["AWSPENDING"])], "stands");
    }

    #[test]
    fn a_value_written_by_hand_meanwhile_ends_it() {
        check(
            &[("v1", &["AWSPREVIOUS"]), ("v2", &[]), ("v3", &["AWSCURRENT"])],
            "RotationAbandoned",
        );
        check(
            &[("v1", &["AWSPREVIOUS"]), ("v3", &["AWSCURRENT"])],
            "VersionUnknown",
        );
        check(
            &[("v3", &["AWSCURRENT"]), ("v2", &["AWSPENDING"])],
            "CurrentMoved",
        );
    }

    #[test]
    fn a_twin_that_finished_meanwhile_ends_it() {
        check(
            &[("v1", &["AWSPREVIOUS"]), ("v2", &["AWSCURRENT", "AWSPENDING"])],
            "CurrentMoved",
        );
    }
}
