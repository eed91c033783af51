//! A secret, the function that rotates it, and the way to the server, which can be made longer.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use keywheel_tests::keys::{self, Keys};
use keywheel_tests::net::{Delay, Https};
use keywheel_tests::pair::{Admin, Pair, Power, Started, admin_document};
use keywheel_tests::peers::Unleash;
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{ALTERNATING, Setup};
use secrets_manager_local::{
    Effect, Fault, FaultId, Function, FunctionError, Invocation, LocalSecretsManager,
};
use serde_json::json;
use staging_labels::Step;
use uuid::Uuid;

use super::Anything;

/// Whom the SDK trusts instead of Amazon's roots. Where a developer's shell names the system's 140, a cold start reads them four times.
const BUNDLE: &str = "AWS_CA_BUNDLE";

/// What is measured.
pub(crate) struct Scene {
    world: What,
    /// The way to the database; none for a provider.
    way: Option<Delay>,
    slow: Mutex<Option<FaultId>>,
}

enum What {
    Postgres(Box<Started>),
    Key(Box<Key>),
}

/// A token of Unleash, over TLS as any provider is reached.
struct Key {
    keys: Keys,
    secret: String,
    _servers: (Unleash, Https),
    _database: TestDatabase<'static>,
}

/// The form of a function's log: what it has by default.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Log {
    Json,
    Text,
}

impl Log {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Text => "Text",
        }
    }
}

impl Scene {
    /// For the program of the function called `name`, or for another that does the same.
    pub(crate) async fn of(program: &Path, name: &str, log: Log) -> Anything<Self> {
        let (world, way) = if name == keys::FUNCTION {
            (What::Key(Box::new(key(program).await?)), None)
        } else {
            let database = TestDatabase::new(cluster(Server::Main)).await;
            let way = Delay::start(database.cluster().port(), Duration::ZERO)?;
            let started = postgres(program, name, log, database, way.port()).await;
            (What::Postgres(Box::new(started)), Some(way))
        };
        Ok(Self {
            world,
            way,
            slow: Mutex::new(None),
        })
    }

    /// The database and its server.
    pub(crate) fn database(&self) -> Option<&TestDatabase<'static>> {
        match &self.world {
            What::Postgres(world) => Some(&world.database),
            What::Key(_) => None,
        }
    }

    pub(crate) fn aws(&self) -> &LocalSecretsManager {
        match &self.world {
            What::Postgres(world) => &world.aws,
            What::Key(key) => &key.keys.aws,
        }
    }

    pub(crate) fn function(&self) -> &'static str {
        match &self.world {
            What::Postgres(world) => world.function,
            What::Key(_) => keys::FUNCTION,
        }
    }

    pub(crate) fn secret(&self) -> &str {
        match &self.world {
            What::Postgres(world) => &world.secret,
            What::Key(key) => &key.secret,
        }
    }

    /// How much longer each answer takes from now on.
    pub(crate) fn delay(&self, secrets_manager: Duration, database: Duration) -> Anything<()> {
        if let Some(way) = &self.way {
            way.set(database);
        }
        let mut slow = self.slow.lock().map_err(|_| "a thread has panicked")?;
        if let Some(id) = slow.take() {
            self.aws().faults().remove(id);
        }
        if !secrets_manager.is_zero() {
            let milliseconds = u64::try_from(secrets_manager.as_millis())?;
            let fault = Fault::new(Effect::DelayMs(milliseconds)).by_function(self.function());
            *slow = Some(self.aws().faults().inject(fault.every()));
        }
        Ok(())
    }

    /// The next rotation finds no process of the function.
    pub(crate) async fn cool_down(&self) {
        self.aws().cool_down(self.function()).await;
    }

    /// How many calls of Secrets Manager the function has made since they were last counted.
    pub(crate) fn count_calls(&self) -> usize {
        let calls = self.aws().calls();
        self.aws().clear_calls();
        calls.iter().filter(|call| call.function.is_some()).count()
    }

    /// Gives the superuser secret's role what the creator of a role has: it may change that role.
    pub(crate) async fn give_to_admin(&self, role: &str) {
        if let What::Postgres(world) = &self.world
            && let Started::Two(pair) = &**world
        {
            pair.admin.gets_admin_option_on(role).await;
        }
    }

    /// One rotation, step by step.
    pub(crate) async fn rotate(&self) -> Anything<Vec<Invocation>> {
        let token = self.stage()?;
        Ok(self.deliver(self.secret(), &token).await?)
    }

    /// The steps for a secret that has an AWSPENDING.
    ///
    /// # Errors
    /// What the first step that failed answered.
    pub(crate) async fn deliver(&self, secret: &str, token: &str) -> Result<Vec<Invocation>, FunctionError> {
        let mut invocations = Vec::new();
        for step in Step::ALL {
            invocations.push(self.invoke(secret, step, token).await?);
        }
        Ok(invocations)
    }

    /// Begins a rotation: its token.
    pub(crate) fn stage(&self) -> Anything<String> {
        let token = Uuid::new_v4().to_string();
        self.aws().stage_pending(self.secret(), &token)?;
        Ok(token)
    }

    /// One step of a rotation.
    pub(crate) async fn step(&self, step: Step, token: &str) -> Anything<Invocation> {
        Ok(self.invoke(self.secret(), step, token).await?)
    }

    async fn invoke(&self, secret: &str, step: Step, token: &str) -> Result<Invocation, FunctionError> {
        let payload = json!({"Step": step.name(), "SecretId": secret, "ClientRequestToken": token});
        let invocation = self.aws().invoke(self.function(), payload.to_string()).await;
        let invocation = invocation.ok_or_else(FunctionError::default)?;
        match invocation.error {
            Some(error) => Err(error),
            None => Ok(invocation),
        }
    }
}

async fn postgres(
    program: &Path,
    name: &str,
    log: Log,
    database: TestDatabase<'static>,
    port: u16,
) -> Started {
    let setup = Setup::on(Server::Main)
        .program(program)
        .env("AWS_LAMBDA_LOG_FORMAT", log.name())
        .env("AWS_LAMBDA_LOG_LEVEL", "INFO")
        .env("RUST_LOG", "info")
        .env(BUNDLE, "");
    let document = database.document_at("localhost", port);
    if name != ALTERNATING {
        return Started::One(setup.start_with_document(database, &document.to_string()).await);
    }
    let admin = Admin::new(&database, Power::CreateRole).await;
    let mut of_admin = admin_document(&database, &admin);
    of_admin["port"] = port.into();
    Started::Two(Pair::with_documents(setup, database, document, admin, &of_admin).await)
}

async fn key(program: &Path) -> Anything<Key> {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let unleash = Unleash::start(&database, database.password(), &Unleash::new_admin_token())?;
    let https = Https::start(unleash.port())?;
    let keys = Keys::start().await;
    let admin = keys.admin("bench/admin", unleash.admin_token()).await;
    let token = unleash.create_token("made-by-hand").secret;
    let secret = keys.secret("bench/flags", &token, &[]).await.arn().to_owned();
    let function = Function::new(keys::FUNCTION, program)
        .timeout(Duration::from_secs(30))
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .env("PROVIDER_CA_BUNDLE", https.authority())
        .env(BUNDLE, "");
    let settings = Unleash::settings(&https.url(), &admin).into_iter();
    keys.aws
        .add_function(settings.fold(function, |function, (name, value)| function.env(name, value)));
    Ok(Key {
        keys,
        secret,
        _servers: (unleash, https),
        _database: database,
    })
}
