//! A real server of each class, described in fewer than 30 lines, and the function killed at every call of a rotation. Each time
//! the live keys are counted at the server.
//!
//! A rotation that goes well is recorded: each request to the server, and each write to Secrets Manager, is one row. A read
//! changes nothing: to die after it is to die before the next call. So the function dies before each read, and before and after
//! all else; and before no read of Secrets Manager, which is after the call before it.

use keywheel_tests::canary::Canaries;
use keywheel_tests::keys::{FUNCTION, Keys, Secret};
use keywheel_tests::net::{Requests, When};
use keywheel_tests::peers::{Etcd, OctoPrint, Synapse};
use secrets_manager_local::{Effect, Fault};
use serde_json::json;
use staging_labels::{Label, Step};

use super::{assert_silence, unseen::description};

/// The user whose keys are rotated, at each server.
const USER: &str = "orders";

/// A real server, and what is documented of the class that its keys are rotated in.
trait Server {
    /// The member of the secret that is the key.
    const MEMBER: &'static str;
    /// How many keys of a secret live between two rotations.
    const LIVE: usize;
    /// How many may live where a rotation was abandoned: one that it lost lives until the one after.
    const LIVE_AFTER_ABANDONED: usize = Self::LIVE;
    /// Whether AWSCURRENT works at every moment, or else AWSPENDING.
    const CURRENT_WORKS: bool;

    /// Whether the server accepts a key.
    fn accepts(&self, key: &str) -> bool;

    /// How many keys the server itself says are alive, as far as a rotation can have made them.
    fn live(&self, known: &[String]) -> usize;
}

impl Server for Synapse {
    const MEMBER: &'static str = "accessToken";
    const LIVE: usize = 2;
    const LIVE_AFTER_ABANDONED: usize = 3;
    const CURRENT_WORKS: bool = true;

    fn accepts(&self, key: &str) -> bool {
        Self::accepts(self, key)
    }

    fn live(&self, _: &[String]) -> usize {
        self.devices().len()
    }
}

impl Server for OctoPrint {
    const MEMBER: &'static str = "apiKey";
    const LIVE: usize = 1;
    const CURRENT_WORKS: bool = false;

    fn accepts(&self, key: &str) -> bool {
        Self::accepts(self, USER, key)
    }

    fn live(&self, known: &[String]) -> usize {
        assert!(
            known.contains(&self.key_of(USER)),
            "the server's key is a version's"
        );
        known.iter().filter(|key| Self::accepts(self, USER, key)).count()
    }
}

impl Server for Etcd {
    const MEMBER: &'static str = "password";
    const LIVE: usize = 1;
    const CURRENT_WORKS: bool = false;

    fn accepts(&self, key: &str) -> bool {
        Self::accepts(self, USER, key)
    }

    fn live(&self, known: &[String]) -> usize {
        known.iter().filter(|key| Self::accepts(self, USER, key)).count()
    }
}

/// A server, a secret of it, and the function, which asks it through something that counts its requests.
struct Scene<'a, S> {
    server: &'a S,
    front: &'a Requests,
    keys: &'a Keys,
    secret: Secret<'a>,
    /// Every key that was ever AWSCURRENT.
    known: Vec<String>,
    /// Every key of a version that was abandoned.
    lost: Vec<String>,
}

/// Where the function is killed: at which request to the server, or at which write to Secrets Manager.
#[derive(Debug)]
enum Row {
    Request(usize, String),
    Write(&'static str, u32),
}

impl Row {
    fn changes_something(&self) -> bool {
        !matches!(self, Self::Request(_, path) if path.starts_with("GET "))
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Request(nth, path) => write!(f, "{path} ({nth})"),
            Self::Write(operation, nth) => write!(f, "{operation} ({nth})"),
        }
    }
}

/// What becomes of the rotation.
#[derive(Clone, Copy, Debug)]
enum Aftermath {
    /// Secrets Manager tries it again.
    Retried,
    /// Somebody takes AWSPENDING off, and starts a new one.
    Abandoned,
}

impl<S: Server> Scene<'_, S> {
    async fn key(&self, label: &Label) -> Option<String> {
        let text = self.secret.text(label).await?;
        let document: serde_json::Value = serde_json::from_str(&text).expect("the value is JSON");
        Some(document[S::MEMBER].as_str().expect("it has a key").to_owned())
    }

    /// Secrets Manager rotates, and tries again what fails.
    async fn rotate(&mut self, case: &str) {
        let outcome = self.secret.rotate().await;
        outcome.unwrap_or_else(|error| panic!("{case}: {error}\n{}", self.keys.log()));
        let current = self.key(&Label::Current).await.expect("AWSCURRENT has a value");
        assert!(!self.known.contains(&current), "{case}: the key is a new one");
        self.known.push(current);
    }

    /// What holds between two rotations.
    async fn check(&self, case: &str, most: usize) {
        let current = self.key(&Label::Current).await.expect("AWSCURRENT has a value");
        assert!(self.server.accepts(&current), "{case}: AWSCURRENT works");
        let all = [&self.known[..], &self.lost].concat();
        let live = self.server.live(&all);
        assert!(live <= most, "{case}: {live} keys live");
        // An overlap keeps the key before, and ends the one before that.
        let older = &self.known[..self.known.len() - S::LIVE];
        for key in older.iter().rev().take(2) {
            assert!(!self.server.accepts(key), "{case}: a previous key is dead");
        }
        if S::LIVE == 2 {
            let previous = self.key(&Label::Previous).await.expect("there is a key before");
            assert!(
                self.server.accepts(&previous),
                "{case}: the previous key lives for an interval"
            );
        }
    }

    /// The rows of a rotation that goes well.
    async fn record(&mut self) -> Vec<Row> {
        self.front.take();
        self.keys.aws.clear_calls();
        self.rotate("recorded").await;
        let requests = self.front.take().into_iter().enumerate();
        let mut rows: Vec<_> = requests.map(|(nth, path)| Row::Request(nth, path)).collect();
        let calls = self.keys.aws.calls();
        for operation in ["PutSecretValue", "UpdateSecretVersionStage"] {
            let by_the_function = calls.iter().filter(|call| call.function.is_some());
            let writes = by_the_function.filter(|call| call.operation == operation);
            rows.extend((1..).zip(writes).map(|(nth, _)| Row::Write(operation, nth)));
        }
        assert!(rows.len() >= 5, "{rows:?}");
        rows
    }

    /// Rotates, with the function killed at `row`.
    async fn dies(&mut self, row: &Row, when: When, aftermath: Aftermath) {
        let case = format!("killed {when:?} {row}, {aftermath:?}");
        let mut fault = None;
        match row {
            Row::Request(nth, _) => self.front.arm(*nth, when, self.keys.aws.kill_switch(FUNCTION)),
            Row::Write(operation, nth) => {
                let effect = match when {
                    When::Before => Effect::KillBefore,
                    When::After => Effect::KillAfter,
                };
                let kill = Fault::new(effect).by_function(FUNCTION).on(operation).nth(*nth);
                fault = Some(self.keys.aws.faults().inject(kill));
            }
        }
        match aftermath {
            Aftermath::Retried => {
                self.rotate(&case).await;
                self.check(&case, S::LIVE).await;
            }
            Aftermath::Abandoned => {
                self.is_abandoned(&case).await;
                self.rotate(&case).await;
                self.check(&case, S::LIVE_AFTER_ABANDONED).await;
                if S::LIVE != S::LIVE_AFTER_ABANDONED {
                    self.rotate(&case).await;
                    self.check(&case, S::LIVE).await;
                }
            }
        }
        let came_to_it = match fault {
            Some(id) => self.keys.aws.faults().hits(id) == 1,
            None => !self.front.is_armed(),
        };
        assert!(came_to_it, "{case}: it came to that");
    }

    /// The steps are delivered until the process dies, and nobody tries again.
    async fn is_abandoned(&mut self, case: &str) {
        let token = self.secret.stage();
        let died = self.secret.steps(&token, &Step::ALL).await.expect_err(case);
        assert_eq!(died.error_type, "Runtime.ExitError", "{case}: {died}");
        let current = self.key(&Label::Current).await.expect("AWSCURRENT has a value");
        if S::CURRENT_WORKS {
            assert!(
                self.server.accepts(&current),
                "{case}: AWSCURRENT works at every moment"
            );
        }
        // It may have died after AWSCURRENT had moved.
        if !self.known.contains(&current) {
            self.known.push(current);
        }
        let pending = self.key(&Label::Pending).await;
        self.lost.extend(pending.filter(|key| !self.known.contains(key)));
        if let Some(pending) = self.secret.carrier(&Label::Pending).await {
            let call = self.keys.client.update_secret_version_stage();
            let call = call.secret_id(self.secret.arn()).remove_from_version_id(pending);
            let removed = call.version_stage(Label::Pending.as_str()).send().await;
            removed.expect("the label is removed");
        }
    }
}

/// Kills the function at every row of a rotation of a secret that `document` is the first value of.
async fn killed_at_every_call<S: Server>(
    server: &S,
    keys: &Keys,
    front: &Requests,
    name: &str,
    document: &serde_json::Value,
    admin: &serde_json::Value,
) {
    let credential = admin.as_str().map_or_else(|| admin.to_string(), str::to_owned);
    let arn = keys.admin(&format!("{name}/admin"), &credential).await;
    let user = if name == "octoprint" { ",user=orders" } else { "" };
    keys.host(&[
        ("PROVIDER", name),
        ("PROVIDER_PATH", &description(name)),
        ("PROVIDER_PARAMETERS", &format!("url={}{user}", front.url())),
        ("ADMIN_SECRETS", &format!("{name}-admin={arn}")),
    ]);
    let first = document[S::MEMBER].as_str().expect("it has a key").to_owned();
    let mut scene = Scene {
        server,
        front,
        keys,
        secret: keys.secret(name, &document.to_string(), &[]).await,
        known: vec![first],
        lost: Vec::new(),
    };
    for _ in 0..2 {
        scene.rotate("none").await;
        scene.check("none", S::LIVE).await;
    }
    let rows = scene.record().await;
    for aftermath in [Aftermath::Retried, Aftermath::Abandoned] {
        for row in &rows {
            scene.dies(row, When::Before, aftermath).await;
            if row.changes_something() {
                scene.dies(row, When::After, aftermath).await;
            }
        }
    }
    let mut canaries = Canaries::default();
    for key in scene.known.iter().rev().take(3) {
        canaries = canaries.and("key", key);
    }
    assert_silence(keys, &scene.secret, &canaries);
}

#[tokio::test]
async fn synapses_tokens_overlap_wherever_the_function_dies() {
    let synapse = Synapse::start(USER).expect("Synapse starts");
    let front = Requests::start(&synapse.url()).expect("there is a port for it");
    let keys = Keys::retrying(2).await;
    let (device, token) = synapse.create_token("made by hand");
    let document = json!({"userId": synapse.user(), "accessToken": token, "deviceId": device});
    let admin = json!({"token": synapse.admin_token(), "password": synapse.password()});
    killed_at_every_call(&synapse, &keys, &front, "synapse", &document, &admin).await;
}

#[tokio::test]
async fn octoprints_key_is_replaced_wherever_the_function_dies() {
    let octoprint = OctoPrint::start(USER, "made-by-hand-4f1e9a").expect("OctoPrint starts");
    let front = Requests::start(&octoprint.url()).expect("there is a port for it");
    let keys = Keys::retrying(2).await;
    let document = json!({"apiKey": "made-by-hand-4f1e9a"});
    let admin = json!(octoprint.admin_key());
    killed_at_every_call(&octoprint, &keys, &front, "octoprint", &document, &admin).await;
}

#[tokio::test]
async fn etcds_password_is_chosen_wherever_the_function_dies() {
    let etcd = Etcd::start(USER, "made-by-hand-4f1e9a").expect("etcd starts");
    let front = Requests::start(&etcd.url()).expect("there is a port for it");
    let keys = Keys::retrying(2).await;
    let document = json!({"username": USER, "password": "made-by-hand-4f1e9a"});
    let admin = json!({"name": "root", "password": etcd.root_password()});
    killed_at_every_call(&etcd, &keys, &front, "etcd", &document, &admin).await;
}
