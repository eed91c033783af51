//! What both kinds of scene have in common.

use std::cell::Cell as Flag;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use secrets_manager_local::{Effect as Fate, Fault, FaultId, FunctionError, LocalSecretsManager};
use staging_labels::{Label, Step};

use crate::keys::{FUNCTION, Secret};
use crate::matrix::cell::{Aftermath, At, Cause, Cell, Effect, Recording, Row, Subject};
use crate::net::When;
use crate::scripted::Trick;

use super::gate::Gate;
use super::key::Key;
use super::role::Role;

/// The name under which the function is hosted a second time: what is killed and what a fault meets is the first alone.
pub(super) const CONCURRENT: &str = "the-same-concurrently";
/// Nobody reads these functions' logs, and a debug build spends half of its time on writing all of them.
pub(super) const QUIET: [(&str, &str); 2] = [("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("RUST_LOG", "warn")];
/// How long the first invocation is held in its row, for a concurrent one to run meanwhile.
const HELD: Duration = Duration::from_millis(400);
/// Between two looks whether a call was hit.
const SOON: Duration = Duration::from_millis(2);
/// The call that moves AWSCURRENT.
const MOVE: &str = "UpdateSecretVersionStage";

/// A secret and all that a cell needs.
pub(in crate::matrix) struct Scene {
    subject: Subject,
    place: Place,
}

enum Place {
    Role(Box<Role>),
    Key(Box<Key>),
}

/// Something that waits for the function.
struct Armed<'a> {
    gate: Arc<Gate>,
    call: Option<(&'a LocalSecretsManager, FaultId)>,
}

impl Armed<'_> {
    fn is_reached(&self) -> bool {
        match self.call {
            Some((aws, id)) => aws.faults().hits(id) > 0,
            None => self.gate.is_reached(),
        }
    }
}

impl Scene {
    /// One that is ready for the rotation of which the rows are.
    pub(in crate::matrix) async fn start(subject: Subject) -> Self {
        let place = if subject.has_database() {
            Place::Role(Box::new(Role::start(subject).await))
        } else {
            Place::Key(Box::new(Key::start(subject).await))
        };
        Self { subject, place }
    }

    fn aws(&self) -> &LocalSecretsManager {
        match &self.place {
            Place::Role(role) => &role.started.aws,
            Place::Key(key) => &key.keys.aws,
        }
    }

    fn client(&self) -> &Client {
        match &self.place {
            Place::Role(role) => &role.started.client,
            Place::Key(key) => &key.keys.client,
        }
    }

    fn function(&self) -> &'static str {
        match &self.place {
            Place::Role(role) => role.started.function,
            Place::Key(_) => FUNCTION,
        }
    }

    /// The secret.
    pub(in crate::matrix) fn secret(&self) -> Secret<'_> {
        let arn = match &self.place {
            Place::Role(role) => role.started.secret.clone(),
            Place::Key(key) => key.arn.clone(),
        };
        Secret::of(self.aws(), self.client(), arn).by(self.function())
    }

    /// Delivers the steps before the one that these rows are of; answers with the token.
    pub(in crate::matrix) async fn bring_to(&self, recording: Recording, step: Step) -> String {
        let secret = self.secret();
        let token = secret.stage();
        for &earlier in Step::ALL.iter().filter(|&&earlier| earlier < step) {
            let outcome = secret.step(&token, earlier).await;
            outcome.unwrap_or_else(|error| panic!("{earlier}, before anything goes wrong: {error}"));
        }
        if recording == Recording::Confirmation {
            let kill = Fault::new(Fate::KillAfter).by_function(self.function()).on(MOVE);
            self.aws().faults().inject(kill);
            let killed = secret.step(&token, step).await;
            killed.expect_err("the process is killed after the move of AWSCURRENT");
        }
        token
    }

    /// Delivers a step that goes well; answers with its rows.
    pub(in crate::matrix) async fn record(&self, recording: Recording, step: Step, token: &str) -> Vec<Row> {
        self.aws().clear_calls();
        match &self.place {
            Place::Role(role) => drop(role.proxy.take()),
            Place::Key(key) => key.provider.forget(),
        }
        let outcome = self.secret().step(token, step).await;
        outcome.unwrap_or_else(|error| panic!("{step} of a rotation that is recorded: {error}"));
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        let mut count = |name: &str| {
            let count = counts.entry(name.to_owned()).or_default();
            *count += 1;
            *count
        };
        let mut rows = Vec::new();
        for call in self.aws().calls() {
            if call.function.is_some() {
                let nth = count(&call.operation);
                let operation = call.operation;
                rows.push(At::Call { operation, nth });
            }
        }
        match &self.place {
            Place::Role(role) => {
                let mut committed = false;
                for exchange in role.proxy.take() {
                    let commits = exchange.what == "COMMIT";
                    // After its good-bye the function answers, whatever becomes of it.
                    if exchange.what != "goodbye" {
                        rows.push(At::Exchange { exchange, committed });
                    }
                    committed |= commits;
                }
            }
            Place::Key(key) => {
                for shape in key.provider.calls() {
                    let nth = count(&shape) as usize - 1;
                    rows.push(At::Request { shape, nth });
                }
            }
        }
        let row = |at| Row {
            subject: self.subject,
            recording,
            step,
            at,
        };
        rows.into_iter().map(row).collect()
    }

    /// Delivers the step of this cell, lets it meet what goes wrong, and begins the cause that lasts. A concurrent invocation runs while
    /// the first is in the row.
    pub(in crate::matrix) async fn meet(&self, cell: &Cell, token: &str) -> Result<(), FunctionError> {
        let armed = self.arm(cell);
        let (secret, step, over) = (self.secret(), cell.row.step, Flag::new(false));
        let first = async {
            let outcome = secret.step(token, step).await;
            over.set(true);
            outcome
        };
        let meanwhile = async {
            while !armed.is_reached() {
                if over.get() {
                    return false;
                }
                tokio::time::sleep(SOON).await;
            }
            self.begin(cell.cause).await;
            if cell.aftermath == Aftermath::Concurrent {
                let concurrent = self.secret().by(CONCURRENT);
                let mut second = std::pin::pin!(concurrent.step(token, step));
                // It may have to wait for the first one's lock. Whatever comes of it, the first goes on.
                let early = tokio::time::timeout(HELD, &mut second).await;
                armed.gate.open();
                if early.is_err() {
                    let _ = second.await;
                }
            }
            armed.gate.open();
            true
        };
        let (outcome, reached) = tokio::join!(first, meanwhile);
        assert!(
            reached || armed.is_reached(),
            "the row was never reached: {outcome:?}"
        );
        outcome
    }

    fn arm(&self, cell: &Cell) -> Armed<'_> {
        let (row, effect) = (&cell.row, cell.effect);
        let gate = Arc::new(Gate::default());
        let kill = self.aws().kill_switch(self.function());
        let passed = Arc::clone(&gate);
        let hook = move || {
            passed.pass();
            if effect.kills() {
                kill();
            }
        };
        let mut armed = Armed { gate, call: None };
        match (&row.at, &self.place) {
            (At::Call { operation, nth }, _) => {
                let at_this_call = |fate| {
                    Fault::new(fate)
                        .by_function(self.function())
                        .in_step(row.step.name())
                        .on(operation)
                        .nth(*nth)
                };
                let fate = match effect {
                    Effect::KilledBefore => Fate::KillBefore,
                    Effect::KilledAfter => Fate::KillAfter,
                    Effect::CutBefore => Fate::DropRequest,
                    Effect::CutAfter => Fate::DropAnswer,
                };
                if cell.aftermath == Aftermath::Concurrent {
                    let held = Fault::delay(HELD);
                    let Fault { effect: held, .. } = held;
                    self.aws().faults().inject(at_this_call(held));
                }
                let id = self.aws().faults().inject(at_this_call(fate));
                armed.call = Some((self.aws(), id));
            }
            (At::Exchange { exchange, .. }, Place::Role(role)) => {
                let when = if effect.is_after() {
                    When::After
                } else {
                    When::Before
                };
                role.proxy.arm(exchange.clone(), when, hook);
            }
            (At::Request { shape, nth }, Place::Key(key)) => {
                let hook = Arc::new(hook);
                let trick = if effect.is_after() {
                    Trick::After(hook)
                } else {
                    Trick::Before(hook)
                };
                key.provider.play(shape, *nth, 1, trick);
            }
            _ => unreachable!("the rows of a scene are recorded of its like"),
        }
        armed
    }

    async fn begin(&self, cause: Cause) {
        match (cause, &self.place) {
            (Cause::MoveDenied, _) => {
                let words = "User: u is not authorized to perform the action";
                let denied = Fault::error("AccessDeniedException", words).on(MOVE);
                for name in [self.function(), CONCURRENT] {
                    self.aws()
                        .faults()
                        .inject(denied.clone().by_function(name).every());
                }
            }
            (Cause::TestFails, Place::Role(role)) => role.answer_the_test(false).await,
            _ => {}
        }
    }

    /// The cause is gone.
    pub(in crate::matrix) async fn end_the_cause(&self) {
        self.aws().faults().clear();
        if let Place::Role(role) = &self.place {
            role.answer_the_test(true).await;
        }
    }

    /// Whether this secret value works.
    pub(in crate::matrix) async fn accepts(&self, text: &str) -> bool {
        match &self.place {
            Place::Role(role) => role.accepts(text).await,
            Place::Key(key) => key.accepts(text),
        }
    }

    /// Whether a value of any version works.
    pub(in crate::matrix) async fn any_version_works(&self) -> bool {
        let secret = self.secret();
        let call = self.client().list_secret_version_ids();
        let listed = call.secret_id(secret.arn()).include_deprecated(true).send().await;
        let versions = listed
            .expect("the versions are listed")
            .versions
            .unwrap_or_default();
        for version in versions {
            let call = self.client().get_secret_value().secret_id(secret.arn());
            let value = call.set_version_id(version.version_id).send().await;
            // Before createSecret a version has no value.
            let text = value.ok().and_then(|value| value.secret_string);
            if let Some(text) = text
                && self.accepts(&text).await
            {
                return true;
            }
        }
        false
    }

    /// Somebody sets another password, or makes another key, and stores it as AWSCURRENT.
    pub(in crate::matrix) async fn repair(&self) {
        let value = match &self.place {
            Place::Role(role) => role.set_by_hand().await,
            Place::Key(key) => key.make_by_hand(),
        };
        let call = self.client().put_secret_value().secret_id(self.secret().arn());
        let call = call.version_stages(Label::Current.as_str()).secret_string(value);
        call.send().await.expect("the value is stored");
    }

    /// Somebody calls `CancelRotateSecret`.
    pub(in crate::matrix) async fn cancel(&self) {
        let call = self
            .client()
            .cancel_rotate_secret()
            .secret_id(self.secret().arn());
        call.send().await.expect("the rotation is cancelled");
    }

    /// Somebody takes AWSPENDING off.
    pub(in crate::matrix) async fn clean_up(&self) {
        let secret = self.secret();
        let Some(pending) = secret.carrier(&Label::Pending).await else {
            return;
        };
        let call = self.client().update_secret_version_stage();
        let call = call
            .secret_id(secret.arn())
            .version_stage(Label::Pending.as_str());
        let removed = call.remove_from_version_id(pending).send().await;
        removed.expect("the label is removed");
    }
}
