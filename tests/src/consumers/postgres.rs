//! `PostgreSQL` secrets through rotations, with their consumers logging in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use aws_sdk_secretsmanager::primitives::Blob;
use secrets_manager_local::CallRecord;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::spawn_blocking;

use super::consumer::{Consumer, Row, Stored, Strategy};
use super::form::{Form, PASSWORD, assert_only_the_credential_changed};
use super::program::{Logins, Program};
use crate::pair::{Admin, Power, admin_document};
use crate::postgres::{Cluster, Options, Server, TestDatabase};
use crate::world::{ALTERNATING, Setup, World};

/// Secrets Manager rotates no more often than every four hours.
const INTERVAL: u64 = 4 * 3_600;
/// A consumer that caches logs in every five minutes.
const PACE: u64 = 300;

/// A consumer's secret, with the server and the function that rotates it.
pub(super) struct Scene {
    pub(super) world: World,
    consumer: &'static Consumer,
    before: String,
    _admin: Option<Admin>,
    _turn: MutexGuard<'static, ()>,
}

/// A server for the consumers alone: their roles and databases are called as in their secrets. Two of them have the same role, so
/// that one scene is played after the other.
async fn server() -> (&'static Cluster, MutexGuard<'static, ()>) {
    static SERVER: OnceLock<Cluster> = OnceLock::new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    if SERVER.get().is_none() {
        let server = Cluster::start(&Options::new(Server::Main)).expect("the server starts");
        server.sql("CREATE DATABASE production").await;
        server.sql("CREATE DATABASE app").await;
        let _ = SERVER.set(server);
    }
    (SERVER.get().expect("it was started a moment ago"), turn)
}

impl Scene {
    pub(super) async fn start(consumer: &'static Consumer, strategy: Strategy) -> Self {
        let (server, turn) = server().await;
        let form = Form::named(consumer.form);
        let database = TestDatabase::with_user(server, &form.user()).await;
        database.set_password(PASSWORD).await;
        let before = form.at(server.port());
        let mut setup = Setup::on(Server::Main).named(&form.name);
        if !form.has_host() {
            for (name, value) in elsewhere(&database) {
                setup = setup.env(name, &value);
            }
        }
        let mut admin = None;
        let world = if strategy == Strategy::AlternatingUsers {
            let who = admin.insert(Admin::new(&database, Power::CreateRole).await);
            let superuser = admin_document(&database, who).to_string();
            let prefix = "arn:aws:secretsmanager:us-east-1:000000000000:secret:keywheel";
            let arn = format!("{prefix}/{}/admin-AbCdEf", database.name());
            let setup = setup.function(ALTERNATING).arn_suffix("AbCdEf");
            let setup = setup.env("SUPERUSER_SECRET", &arn);
            let world = setup.start_with_document(database, &before).await;
            assert_eq!(world.other_secret("admin", &superuser).await, arn);
            world
        } else {
            setup.start_with_document(database, &before).await
        };
        let scene = Self {
            world,
            consumer,
            before,
            _admin: admin,
            _turn: turn,
        };
        if consumer.stored == Stored::Bytes {
            scene.store_as_bytes().await;
        }
        scene
    }

    async fn store_as_bytes(&self) {
        let put = self.world.client.put_secret_value().secret_id(&self.world.secret);
        let put = put.secret_binary(Blob::new(self.before.as_bytes()));
        put.send().await.expect("it is stored");
    }

    /// The consumer's program, with more in its environment.
    pub(super) fn program(&self, environment: &[(&'static str, String)]) -> Program {
        let database = &self.world.database;
        let secret = match self.consumer.stored {
            Stored::ByArn => &self.world.secret,
            Stored::Text | Stored::Bytes => self.consumer.form,
        };
        let mut all = vec![
            ("PGSSLMODE", "verify-full".to_owned()),
            (
                "PGSSLROOTCERT",
                database.cluster().authority_path().display().to_string(),
            ),
        ];
        if !Form::named(self.consumer.form).has_host() {
            all.extend(elsewhere(database));
        }
        let own = self.consumer.environment.iter();
        all.extend(own.map(|(name, value)| (*name, (*value).to_owned())));
        all.extend_from_slice(environment);
        Program::start(self.consumer.program, &self.world.aws.url(), secret, &all)
    }

    /// How often the secret was read, but for the functions.
    fn reads(&self) -> usize {
        let is_one = |call: &&CallRecord| call.operation == "GetSecretValue" && call.function.is_none();
        self.world.aws.calls().iter().filter(is_one).count()
    }

    /// Fails if a rotation has changed more of the value than the credential, or keeps it in another way.
    async fn assert_only_the_credential_changed(&self) {
        let call = self.world.client.get_secret_value().secret_id(&self.world.secret);
        let answer = call.send().await.expect("there is a current value");
        let after = match (answer.secret_string, answer.secret_binary) {
            (Some(text), None) if self.consumer.stored != Stored::Bytes => text,
            (None, Some(bytes)) if self.consumer.stored == Stored::Bytes => {
                String::from_utf8(bytes.into_inner()).expect("it is UTF-8")
            }
            _ => panic!("{}: the value is kept as it was", self.consumer.name),
        };
        let (user, clone) = (self.world.database.user(), self.world.database.clone_user());
        assert_only_the_credential_changed(&self.before, &after, &[user, &clone]);
    }
}

/// Where the server is, for those whose secret does not say it.
fn elsewhere(database: &TestDatabase<'_>) -> [(&'static str, String); 3] {
    [
        ("PGHOST", "localhost".to_owned()),
        ("PGPORT", database.cluster().port().to_string()),
        ("PGDATABASE", database.name().to_owned()),
    ]
}

/// Rotates a consumer's secret so many times. The consumer logs in all the while, and after each rotation; one that caches, only
/// between the rotations, by its own clock.
///
/// # Panics
/// If a rotation fails, if more than the credential has changed in the secret, or if the consumer fails otherwise than by being
/// refused.
pub async fn rotate(consumer: &'static Consumer, strategy: Strategy, rotations: usize) -> Row {
    let scene = Scene::start(consumer, strategy).await;
    let mut program = scene.program(&[]);
    let (mut during, mut between) = (Logins::default(), Logins::default());
    let before = scene.reads();
    for rotation in 0..=rotations {
        if rotation > 0 {
            let rotated = if consumer.caches {
                scene.world.rotate().await
            } else {
                let (rotated, logins);
                (rotated, logins, program) = meanwhile(program, scene.world.rotate()).await;
                during += logins;
                rotated
            };
            rotated.unwrap_or_else(|error| panic!("{} {strategy}: {error}", consumer.name));
        }
        let now = u64::try_from(rotation).expect("a small number") * INTERVAL;
        // The cache is in the middle of its time when the secret is rotated.
        let first = if consumer.caches && rotation == 0 { PACE } else { 0 };
        let last = if consumer.caches { INTERVAL } else { PACE };
        for passed in (first..last).step_by(usize::try_from(PACE).expect("a small number")) {
            between += program.log_in(now + passed, 0);
        }
    }
    let reads = scene.reads() - before;
    scene.assert_only_the_credential_changed().await;
    Row {
        consumer: consumer.name,
        form: consumer.form,
        strategy,
        rotations,
        reads,
        during,
        between,
    }
}

/// Lets a program log in, one login after the other, for as long as the work takes.
pub(super) async fn meanwhile<T>(
    mut program: Program,
    work: impl Future<Output = T>,
) -> (T, Logins, Program) {
    let done = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&done);
    let logging_in = spawn_blocking(move || {
        let mut logins = Logins::default();
        while !told.load(Ordering::Relaxed) {
            logins += program.log_in(0, 0);
        }
        (logins, program)
    });
    let result = work.await;
    done.store(true, Ordering::Relaxed);
    let (logins, program) = logging_in.await.expect("the program goes on");
    (result, logins, program)
}
