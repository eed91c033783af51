//! Runs one cell, and looks at the invariants.

use secrets_manager_local::FunctionError;
use staging_labels::{Label, Step};
use uuid::Uuid;

use super::cell::{Aftermath, Cause, Cell, Recording, Row, Subject};
use super::finding::{Finding, Letter, Moment};
use super::scene::Scene;

/// How often Secrets Manager delivers a rotation that fails.
const ATTEMPTS: usize = 3;

/// The rows of a rotation of `subject`, in their order by step; and of the switch's confirmation.
///
/// # Panics
/// If the rotation does not go well.
pub async fn rows(subject: Subject) -> Vec<Row> {
    let scene = Scene::start(subject).await;
    let token = scene.secret().stage();
    let mut rows = Vec::new();
    for step in Step::ALL {
        rows.extend(scene.record(Recording::Good, step, &token).await);
    }
    if subject == Subject::Switch {
        let scene = Scene::start(subject).await;
        let token = scene.bring_to(Recording::Confirmation, Step::Set).await;
        rows.extend(scene.record(Recording::Confirmation, Step::Set, &token).await);
    }
    rows
}

/// Runs a cell in a world of its own; answers with what does not hold.
///
/// # Panics
/// If the cell cannot be run: the function never comes to its row, or survives being killed.
pub async fn run(cell: &Cell) -> Vec<Finding> {
    let scene = Scene::start(cell.row.subject).await;
    let token = scene.bring_to(cell.row.recording, cell.row.step).await;
    let outcome = scene.meet(cell, &token).await;
    if cell.effect.kills() {
        let error = outcome.expect_err("a process that is killed has no answer");
        assert_eq!(error.error_type, "Runtime.ExitError", "{error}");
    }
    let mut look = Look {
        scene: &scene,
        findings: Vec::new(),
    };
    look.at_what_is_kept(Moment::AfterTheFault).await;
    let went_on = match cell.aftermath {
        Aftermath::StepAgain | Aftermath::Concurrent => attempt(&scene, &token, cell.row.step).await,
        Aftermath::RotationAgain => attempt(&scene, &token, Step::Create).await,
        Aftermath::Cancelled => {
            scene.cancel().await;
            start_over(&scene).await
        }
        Aftermath::Repaired => {
            scene.repair().await;
            look.at_who_is_locked_out(Moment::Repaired).await;
            start_over(&scene).await
        }
    };
    if cell.cause == Cause::NoCause
        && let Err(error) = went_on
    {
        look.find(Letter::N, Moment::AtRest, &error.to_string());
    }
    look.at_everything(Moment::AtRest).await;
    scene.end_the_cause().await;
    look.at_the_way_on().await;
    look.at_everything(Moment::InTheEnd).await;
    look.findings
}

/// Secrets Manager delivers the steps from `first` on, and after a failure all of them again.
async fn attempt(scene: &Scene, token: &str, first: Step) -> Result<(), FunctionError> {
    let secret = scene.secret();
    let mut outcome = Ok(());
    for nth in 0..ATTEMPTS {
        let first = if nth == 0 { first } else { Step::Create };
        let steps: Vec<_> = Step::ALL.into_iter().filter(|&step| step >= first).collect();
        outcome = secret.steps(token, &steps).await;
        let labels = secret.labels().await;
        let carries = |label| labels.carrier(&label).is_some_and(|id| id.as_str() == token);
        // It is done, or its label is gone, and Secrets Manager gives it up.
        if outcome.is_ok() || !carries(Label::Pending) && !carries(Label::Current) {
            break;
        }
    }
    outcome
}

/// Somebody takes AWSPENDING off, and a new rotation begins.
async fn start_over(scene: &Scene) -> Result<(), FunctionError> {
    scene.clean_up().await;
    let token = scene.secret().stage();
    attempt(scene, &token, Step::Create).await
}

/// The invariants, and what was found.
struct Look<'a> {
    scene: &'a Scene,
    findings: Vec<Finding>,
}

impl Look<'_> {
    fn find(&mut self, letter: Letter, moment: Moment, what: &str) {
        let what = what.to_owned();
        self.findings.push(Finding { letter, moment, what });
    }

    async fn at_everything(&mut self, moment: Moment) {
        self.at_who_is_locked_out(moment).await;
        self.at_what_is_kept(moment).await;
    }

    async fn at_who_is_locked_out(&mut self, moment: Moment) {
        let labels = self.scene.secret().labels().await.to_string();
        let carriers = labels.matches(Label::Current.as_str()).count();
        let current = self.scene.secret().text(&Label::Current).await;
        match current {
            Some(_) if carriers != 1 => self.find(Letter::A, moment, &labels),
            None => self.find(Letter::A, moment, "AWSCURRENT has no value"),
            Some(text) => {
                if !self.scene.accepts(&text).await {
                    self.find(Letter::R, moment, "AWSCURRENT is refused");
                }
            }
        }
    }

    async fn at_what_is_kept(&mut self, moment: Moment) {
        // Once more: a commit that a killed process had sent may land while we look.
        if !self.scene.any_version_works().await && !self.scene.any_version_works().await {
            self.find(Letter::K, moment, "no version's value is accepted");
        }
    }

    /// Secrets Manager attempts what is unfinished, and then there is a new rotation.
    async fn at_the_way_on(&mut self) {
        let secret = self.scene.secret();
        if let Some(token) = self.blocker().await {
            let outcome = attempt(self.scene, &token, Step::Create).await;
            if self.blocker().await.is_some() {
                let what = outcome.err().unwrap_or_default().to_string();
                self.find(Letter::S, Moment::InTheEnd, &format!("AWSPENDING stays: {what}"));
                self.scene.clean_up().await;
            }
        }
        let token = Uuid::new_v4().to_string();
        if secret.rotate_as(&token).await.is_err()
            && let Err(error) = attempt(self.scene, &token, Step::Create).await
        {
            self.find(Letter::N, Moment::InTheEnd, &error.to_string());
        }
    }

    /// The version whose AWSPENDING makes Secrets Manager refuse another rotation.
    async fn blocker(&self) -> Option<String> {
        let labels = self.scene.secret().labels().await;
        let pending = labels.carrier(&Label::Pending)?;
        (labels.carrier(&Label::Current) != Some(pending)).then(|| pending.to_string())
    }
}
