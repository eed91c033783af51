//! One step: read, decide, act.

use std::cell::{Cell, OnceCell};

use futures_util::future::{join, join3};
use staging_labels::{Action, Label, Labels, Step, VersionId, plan};

use crate::budget::settle;
use crate::context::{Context, ReadAhead};
use crate::error::Error;
use crate::event::Event;
use crate::fault::{Cause, Fault, Kind, Prospect};
use crate::prepared::Applied;
use crate::progress::{OutOfStep, leads, not_cancelled};
use crate::store::{Replica, ReplicaFault, Staged, Store, Tags, Verified, Version, behind, failed};
use crate::switch::Switch;
use crate::target::Target;
use outbound::Budget;

/// The values that one reading of the secret showed.
struct Reading {
    current: Option<Version>,
    pending: Option<Version>,
    /// Empty unless DescribeSecret was asked.
    tags: Tags,
    /// The same.
    replicas: Vec<Replica>,
}

impl Reading {
    /// The value and the labels were read at the same time, but either may be a moment behind.
    fn agrees_with(&self, labels: &Labels) -> Result<(), OutOfStep> {
        match &self.current {
            Some(version) if labels.carrier(&Label::Current) != Some(&version.id) => {
                Err(OutOfStep::CurrentMoved)
            }
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
    tags: Tags,
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
        patient: Cell::new(true),
        read_ahead: ReadAhead::default(),
        budget,
    };
    match settle(budget, async || step.attempt_in_sync().await).await {
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
    /// Whether replicas that are behind are still to be waited for.
    patient: Cell<bool>,
    read_ahead: ReadAhead,
    budget: Budget,
}

impl<T: Target> Stepper<'_, T> {
    /// Makes an attempt that changes nothing while a replica is behind, and after a wait another one from the beginning: what was
    /// read before may be out of date, and nothing is open meanwhile.
    async fn attempt_in_sync(&self) -> Result<&'static str, Cause> {
        // Boxed: two attempts are in one future, and each is large and deep.
        match Box::pin(self.attempt()).await {
            Err(cause) if matches!(cause.as_fault(), Some(ReplicaFault::ReplicaBehind { .. })) => {
                self.store
                    .wait_for_replicas(&self.event.secret, self.budget)
                    .await?;
                self.patient.set(false);
                Box::pin(self.attempt()).await
            }
            outcome => outcome,
        }
    }

    async fn attempt(&self) -> Result<&'static str, Cause> {
        let (labels, reading) = self.read().await?;
        let read = reading.current.iter().chain(&reading.pending).next();
        if let Some(arn) = read.and_then(|version| version.arn.clone()) {
            self.arn.get_or_init(|| arn);
        }
        let order = self.target.order();
        let action = plan(self.event.step, &labels, &self.event.token, order).map_err(OutOfStep::from)?;
        if action != Action::Nothing {
            reading.agrees_with(&labels)?;
        }
        if matches!(action, Action::Stage | Action::Apply | Action::Switch { .. }) {
            self.look_around(&reading)?;
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
            Action::Switch { from } => return self.switch(&self.pair(reading)?, from).await,
            Action::Confirm => self.confirm(reading).await?,
            Action::Promote { from } => {
                let pair = self.pair(reading)?;
                let verified = self.verify(&pair).await?;
                self.store
                    .promote(&self.event.secret, &self.event.token, from, verified, self.budget)
                    .await?;
                let context = self.context(&self.event.token);
                self.target
                    .finished(self.target.text(&pair.pending), &context)
                    .await?;
            }
        }
        Ok(action.name())
    }

    /// Before anything is changed: whether this secret is to be rotated at all, and whether its replicas have followed.
    fn look_around(&self, reading: &Reading) -> Result<(), Cause> {
        leads(&reading.tags)?;
        if let Some(behind) = behind(&reading.replicas).filter(|_| self.patient.get()) {
            return Err(behind.into());
        }
        if self.event.step == Step::Create {
            for failed in failed(&reading.replicas) {
                tracing::warn!(secret.id = %self.event.secret, code = failed.code(),
                    "{failed}; the rotation goes on: {}", failed.advice().remedy);
            }
        }
        Ok(())
    }

    /// Reads what the step needs, in concurrent calls, and what the target expects to need ([`Target::expects`]).
    ///
    /// The first two steps call DescribeSecret, because nothing else tells that a rotation was cancelled. If the target asks that itself
    /// ([`Target::confirms`]), setSecret does not. The other steps take the labels from the answers that have the two values, and
    /// call DescribeSecret only if one of the two has no value, or none that says whose it is ([`Target::reads_tags`]).
    async fn read(&self) -> Result<(Labels, Reading), Cause> {
        let (store, secret, token, budget) = (self.store, &self.event.secret, &self.event.token, self.budget);
        let describe = || store.describe(secret.as_str(), budget);
        let (description, pending, current) = match self.event.step {
            Step::Create => {
                let (description, current) = join(describe(), store.current(secret, budget)).await;
                (Some(description?), None, current?)
            }
            Step::Set if !self.target.confirms() => {
                let (description, pending, current) = join3(
                    describe(),
                    store.version(secret, token, budget),
                    store.current(secret, budget),
                )
                .await;
                (Some(description?), pending?, current?)
            }
            Step::Set | Step::Test | Step::Finish => {
                let (pending, current, ()) = join3(
                    store.version(secret, token, budget),
                    store.current(secret, budget),
                    self.read_ahead(),
                )
                .await;
                (None, pending?, current?)
            }
        };
        let needs_tags = |version: &Version| self.target.reads_tags(&version.text);
        let description = match description {
            None if pending.is_none()
                || current.is_none()
                || pending.iter().chain(&current).any(needs_tags) =>
            {
                Some(describe().await?)
            }
            description => description,
        };
        let labels = match (&description, &pending, &current) {
            (Some(description), ..) if matches!(self.event.step, Step::Create | Step::Set) => {
                not_cancelled(description)?
            }
            (Some(description), ..) => description.labels.clone(),
            (None, Some(pending), Some(current)) => labels_of(pending, current),
            (None, ..) => unreachable!("without both values DescribeSecret was asked"),
        };
        let (tags, replicas) = description
            .map(|description| (description.tags, description.replicas))
            .unwrap_or_default();
        let reading = Reading {
            current,
            pending,
            tags,
            replicas,
        };
        Ok((labels, reading))
    }

    /// In setSecret, reads the other secret that the target expects to need. If that fails, the target asks for it again, and says what is
    /// wrong.
    async fn read_ahead(&self) {
        let expected = Some(self.target).filter(|_| self.event.step == Step::Set);
        let Some(id) = expected.and_then(|target| target.expects(self.event.secret.as_str())) else {
            return;
        };
        let value = self.store.other_secret(&id, self.budget).await.ok();
        self.read_ahead.keep(value.map(|value| (id, value)));
    }

    /// Stores a new value. If the version has a value already, a concurrent invocation or an earlier run stored it: then the new one
    /// is discarded, and the stored one must be a rotation of the current value.
    async fn stage(&self, reading: Reading) -> Result<(), Cause> {
        let version = reading.current.ok_or(OutOfStep::CurrentMissing)?;
        let current = self.target.read(&version.text, &reading.tags)?;
        let context = self.context(&version.id);
        let proposal = self.target.propose(&current, &context).await?;
        let text = self.target.text(&proposal);
        let staged = self
            .store
            .stage_pending(self.event, text, version.is_binary, self.budget);
        match staged.await {
            Ok(Staged::New) => Ok(()),
            Ok(Staged::AlreadyThere) => {
                let staged = self
                    .store
                    .version(&self.event.secret, &self.event.token, self.budget)
                    .await?;
                let staged = self
                    .target
                    .read(&staged.ok_or(OutOfStep::PendingMissing)?.text, &reading.tags)?;
                self.target
                    .discard(&current, &proposal, Some(&staged), &context)
                    .await?;
                self.target.check_pair(&current, &staged)
            }
            // Secrets Manager refused to store it, so the proposal can be undone. After any other failure it may have been stored.
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

    /// Changes the value and moves AWSCURRENT together, as far as the target can; answers with what was done.
    async fn switch(&self, pair: &Pair<T::Secret>, from: Option<&VersionId>) -> Result<&'static str, Cause> {
        let context = self.context(&pair.version);
        match self
            .target
            .prepare(&pair.current, &pair.pending, &context)
            .await?
        {
            // finishSecret moves AWSCURRENT.
            Applied::Committed => Ok(Action::Apply.name()),
            // A step committed and died, and AWSCURRENT's value is refused: moving on is the way out.
            Applied::InUse => {
                let verified = Verified::by(async { Ok::<_, Cause>(()) }).await?;
                self.store
                    .promote(&self.event.secret, &self.event.token, from, verified, self.budget)
                    .await?;
                Ok(Action::Promote { from }.name())
            }
            Applied::Prepared(open) => {
                let switch = self.switching(&pair.tags);
                switch
                    .complete(open, &pair.version, &pair.pending, &context)
                    .await?;
                Ok(Action::Switch { from }.name())
            }
        }
    }

    async fn confirm(&self, reading: Reading) -> Result<(), Cause> {
        let pending = reading.pending.as_ref().ok_or(OutOfStep::PendingMissing)?;
        let pending = self.target.read(&pending.text, &reading.tags)?;
        let context = self.context(&self.event.token);
        self.switching(&reading.tags).confirm(&pending, &context).await?;
        if self.event.step == Step::Finish {
            self.finished(reading.current).await?;
        }
        Ok(())
    }

    fn switching<'a>(&'a self, tags: &'a Tags) -> Switch<'a, T> {
        Switch {
            tags,
            store: self.store,
            target: self.target,
            event: self.event,
            budget: self.budget,
        }
    }

    /// Lets the target clean up once AWSCURRENT is on the token's version. A reading that is behind says otherwise: then nothing is
    /// cleaned up, and the next rotation does it.
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
        let current = reading.current.ok_or(OutOfStep::CurrentMissing)?;
        let pending = reading.pending.ok_or(OutOfStep::PendingMissing)?;
        let pair = Pair {
            current: self.target.read(&current.text, &reading.tags)?,
            pending: self.target.read(&pending.text, &reading.tags)?,
            version: current.id,
            tags: reading.tags,
        };
        self.target.check_pair(&pair.current, &pair.pending)?;
        Ok(pair)
    }

    async fn verify(&self, pair: &Pair<T::Secret>) -> Result<Verified, Cause> {
        let context = self.context(&pair.version);
        Verified::by(self.target.verify(&pair.current, &pair.pending, &context)).await
    }

    fn context<'a>(&'a self, current: &'a VersionId) -> Context<'a> {
        let arn = self.arn.get().map_or(self.event.secret.as_str(), String::as_str);
        Context::new(self.store, self.event, arn, current, self.budget)
            .waiting_for_replicas(self.patient.get())
            .having_read(&self.read_ahead)
    }

    async fn release_if_poisoned(&self, cause: &Cause) -> bool {
        if cause.prospect() != Prospect::PoisonedPending {
            return false;
        }
        let released = self
            .store
            .release_pending(&self.event.secret, &self.event.token, self.budget)
            .await;
        if let Err(error) = &released {
            tracing::warn!(secret.id = %self.event.secret, code = error.code(),
                "AWSPENDING could not be taken off version {}: {error}", self.event.token);
        }
        released.is_ok()
    }
}

fn labels_of(pending: &Version, current: &Version) -> Labels {
    [pending, current]
        .into_iter()
        .map(|version| (version.id.as_str(), &version.labels))
        .collect()
}
