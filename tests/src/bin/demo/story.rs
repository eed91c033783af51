//! A single user: a rotation step by step, one that is killed in the middle, and one that may not move the label.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use keywheel_tests::world::{FUNCTION, World};
use secrets_manager_local::{Effect, Fault, FunctionError};
use serde_json::Value;
use staging_labels::{Label, Step};

use crate::screen::{self, claim, heading, remark, say};

/// What the move of AWSCURRENT is called.
const MOVE: &str = "UpdateSecretVersionStage";

/// The world, and how many logins the reader's own checks have failed.
pub(crate) struct Story<'a> {
    world: &'a World,
    refused: AtomicUsize,
}

impl<'a> Story<'a> {
    pub(crate) fn of(world: &'a World) -> Self {
        Self {
            world,
            refused: AtomicUsize::new(0),
        }
    }

    /// All three; whether everything held.
    pub(crate) async fn tell(&self) -> bool {
        let held = [
            self.step_by_step().await,
            self.killed().await,
            self.denied().await,
        ];
        held.into_iter().all(|held| held)
    }

    async fn step_by_step(&self) -> bool {
        let world = self.world;
        heading(&format!("1. A single user: {FUNCTION}"));
        screen::page(&world.aws.url());
        say("The secret orders/db has the password of the PostgreSQL user app:");
        let old = world.password(&Label::Current).await;
        self.state().await;
        screen::command("aws secretsmanager rotate-secret --secret-id orders/db");
        say("Secrets Manager makes a version, labels it AWSPENDING, and calls the function four times.");
        let token = world.stage();
        self.state().await;
        for (step, did) in [
            (Step::Create, "stores a new password in the new version"),
            (Step::Set, "ALTER ROLE; moves AWSCURRENT; COMMIT; logs in"),
            (Step::Test, "makes sure that the new password logs in"),
            (Step::Finish, "the same once more: the rotation is done"),
        ] {
            if self.deliver(&token, step, did).await.is_err() {
                return false;
            }
            self.state().await;
        }
        remark(
            "AWS's template moves AWSCURRENT in finishSecret. Until then, every new login with AWSCURRENT is refused.",
        );
        let new = world.password(&Label::Current).await;
        heading("   Checked by logins, and by reading the server's log");
        let passwords = [old.as_str(), new.as_str()];
        let (server, function) = (world.database.log(), world.log());
        let failed = server.of_role(world.database.user()).failed_logins();
        let held = [
            claim("the new password logs in", world.database.accepts(&new).await),
            claim("the old password is refused", !world.database.accepts(&old).await),
            claim(
                "the server's log has every statement, and neither password",
                !passwords.iter().any(|password| server.contains(password)),
            ),
            claim(
                "the function's log, at level TRACE, has neither password",
                !passwords.iter().any(|password| function.contains(password)),
            ),
            claim(
                "the rotation itself caused no failed login",
                failed <= self.refused.load(Ordering::Relaxed),
            ),
        ];
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.show_the_statement();
        held.into_iter().all(|held| held)
    }

    /// At the worst moment: AWSCURRENT has moved, and the change is not committed.
    async fn killed(&self) -> bool {
        let world = self.world;
        heading("2. Killed in the middle, at the worst moment");
        say("The function dies right after AWSCURRENT has moved, before COMMIT.");
        let token = world.stage();
        let kill = Fault::new(Effect::KillAfter).by_function(FUNCTION).on(MOVE);
        world.aws.faults().inject(kill);
        let created = self.deliver(&token, Step::Create, "stores a new password").await;
        let died = self.deliver(&token, Step::Set, "").await;
        self.state().await;
        say("Secrets Manager retries all four steps with the same version:");
        let steps = [
            (Step::Create, "nothing to do"),
            (Step::Set, "AWSCURRENT is refused: sets its password"),
            (Step::Test, "logs in"),
            (Step::Finish, "logs in"),
        ];
        let mut retried = true;
        for (step, did) in steps {
            retried &= self.deliver(&token, step, did).await.is_ok();
        }
        self.state().await;
        [
            claim("it died where it should", created.is_ok() && died.is_err()),
            claim(
                "the retry went through, and AWSCURRENT logs in",
                retried && world.current_logs_in().await,
            ),
        ]
        .into_iter()
        .all(|held| held)
    }

    async fn denied(&self) -> bool {
        let world = self.world;
        heading("3. The rotation cannot finish: IAM denies the move of AWSCURRENT");
        let token = world.stage();
        let denied = Fault::error("AccessDeniedException", "not authorized").by_function(FUNCTION);
        world.aws.faults().inject(denied.on(MOVE).every());
        let created = self.deliver(&token, Step::Create, "stores a new password").await;
        let refused = self.deliver(&token, Step::Set, "").await;
        self.state().await;
        let works = world.current_logs_in().await;
        world.aws.faults().clear();
        let held = [
            claim(
                "setSecret failed, and the server rolled the change back",
                created.is_ok() && refused.is_err(),
            ),
            claim("AWSCURRENT still logs in: nobody is locked out", works),
        ];
        remark(
            "In the order of AWS's template the password is changed by now. New logins are refused until a person acts.",
        );
        say("The permission is back, and Secrets Manager retries:");
        let mut retried = true;
        for step in Step::ALL {
            retried &= self.deliver(&token, step, "done").await.is_ok();
        }
        held.into_iter().all(|held| held)
            & claim(
                "the rotation is through",
                retried && world.current_logs_in().await,
            )
    }

    /// One step, with its time and what it did.
    async fn deliver(&self, token: &str, step: Step, did: &str) -> Result<(), FunctionError> {
        let start = Instant::now();
        let outcome = self.world.step(token, step).await;
        let error = outcome.as_ref().err().map(short);
        let shown = error.as_deref().map_or(Ok(did), Err);
        screen::step(step.name(), start.elapsed().as_secs_f64() * 1e3, shown);
        outcome
    }

    /// Each version of the secret, with its labels, and whether the database accepts its password now.
    async fn state(&self) {
        for (id, labels) in screen::each_version(&self.world.labels().await) {
            let works = match self.world.text_of(&id).await {
                Some(text) => {
                    let value: Value = serde_json::from_str(&text).unwrap_or_default();
                    let password = value["password"].as_str().unwrap_or_default();
                    Some(self.world.database.accepts(password).await)
                }
                None => None,
            };
            self.refused
                .fetch_add(usize::from(works == Some(false)), Ordering::Relaxed);
            screen::version(&id, &labels, works);
        }
        anstream::println!();
    }

    fn show_the_statement(&self) {
        let database = &self.world.database;
        let statements = database.log().of_role(database.user()).statements();
        let last = statements
            .iter()
            .rfind(|statement| statement.contains("PASSWORD"));
        // The beginning of the transaction is in the same message.
        if let Some((_, alter)) = last.and_then(|statement| statement.split_once("ALTER ROLE")) {
            let shown: String = "ALTER ROLE".chars().chain(alter.chars()).take(70).collect();
            say("What the server saw of the new password is a verifier:");
            anstream::println!("      {shown}…");
        }
    }
}

/// The code, and what is wrong; the whole message is in the function's log.
fn short(error: &FunctionError) -> String {
    if error.error_type == "Runtime.ExitError" {
        return "killed".to_owned();
    }
    error.error_type.clone()
}
