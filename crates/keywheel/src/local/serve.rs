//! Starts it all, prints the exports, waits, and ends it all.

use std::net::SocketAddr;
use std::path::PathBuf;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::types::RotationRulesType;
use rotation::CallError;
use secrets_manager_local::{ACCOUNT, Builder, Function, LocalSecretsManager, REGION, function_arn};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::database::{self, Database};
use super::functions;
use crate::exit::{Exit, Trouble};
use crate::words::print;

/// What the sample secret is called.
const SAMPLE: &str = "orders/db";
/// And that of the database's superuser.
const SUPERUSER: &str = "orders/superuser";

/// What to start.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Where to listen. Everybody on this machine can read the secrets.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// One more function: a program that speaks Lambda's Runtime API.
    #[arg(long = "function", value_name = "NAME=PATH")]
    functions: Vec<Function>,
    /// The directory of another PostgreSQL server's programs.
    #[arg(long, value_name = "DIRECTORY")]
    postgres: Option<PathBuf>,
    /// Without a database and a sample secret.
    #[arg(long)]
    no_database: bool,
    /// One JSON document.
    #[arg(long)]
    json: bool,
}

/// Serves until it is told to end.
pub(crate) async fn run(options: Options) -> Result<Exit, Trouble> {
    if !options.listen.ip().is_loopback() {
        return Err(Trouble {
            exit: Exit::Usage,
            ..Trouble::new(
                format!("{} can be reached from other machines", options.listen),
                "listen on 127.0.0.1",
            )
        });
    }
    // Before anything is started: from now on, a signal is an end in good order.
    let mut ends = Vec::new();
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        ends.push(signal(kind).map_err(|error| Trouble::new(error.to_string(), "free some resources"))?);
    }
    if let Some(obstacle) = options.functions.iter().find_map(Function::obstacle) {
        return Err(Trouble {
            exit: Exit::Usage,
            ..Trouble::new(obstacle, "check --function")
        });
    }
    let server = start(&options).await?;
    let database = if options.no_database {
        None
    } else {
        database(options.postgres.clone()).await
    };
    let sample = match &database {
        Some(database) => sample(&server, database).await?,
        None => None,
    };
    announce(&options, &server, sample.as_deref());
    let waits = ends.iter_mut().map(|end| Box::pin(end.recv()));
    futures_util::future::select_all(waits).await;
    drop((server, database));
    print::progress("keywheel: ended; nothing is left");
    Ok(Exit::Interrupted)
}

async fn start(options: &Options) -> Result<LocalSecretsManager, Trouble> {
    let found = functions::found();
    let missing: Vec<_> = functions::NAMES
        .into_iter()
        .filter(|name| !found.iter().any(|(known, _)| known == name))
        .collect();
    if !missing.is_empty() {
        print::progress(&format!("not here: {}", missing.join(", ")));
        print::progress(
            "  in a clone: cargo build -p rotate-postgres -p rotate-api-key; elsewhere: --function NAME=PATH",
        );
    }
    let builder = LocalSecretsManager::builder().listen(options.listen).echo(false);
    let builder = found.into_iter().fold(builder, |builder, (name, path)| {
        builder.function(Function::new(name, path))
    });
    let builder = options.functions.iter().cloned().fold(builder, Builder::function);
    let started = builder
        .env(
            "SUPERUSER_SECRETS",
            format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{SUPERUSER}-*"),
        )
        // As the templates deploy them. Only such lines say how long a step took.
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .start()
        .await;
    started.map_err(|error| {
        Trouble::new(
            format!("{}: {error}", options.listen),
            "name another port with --listen",
        )
    })
}

/// None if there is no server to start, which is said.
async fn database(programs: Option<PathBuf>) -> Option<Database> {
    let Some(programs) = programs.or_else(database::programs) else {
        print::progress("no PostgreSQL server here (initdb, postgres): no database, and no sample secret");
        return None;
    };
    let started = tokio::task::spawn_blocking(move || Database::start(&programs)).await;
    match started {
        Ok(Ok(database)) => Some(database),
        Ok(Err(error)) => {
            print::progress(&format!("no database, and no sample secret: {error}"));
            None
        }
        Err(_) => None,
    }
}

/// Stores the sample secret, and attaches the function to it. None if there is no function to attach.
async fn sample(server: &LocalSecretsManager, database: &Database) -> Result<Option<String>, Trouble> {
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("local", "local", None, None, "keywheel"))
        .endpoint_url(server.url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = Client::from_conf(config);
    let trouble = |call: &'static str| move |error: CallError| Trouble::of_call(call, &error, "nothing");
    let login = |username: &str, password: &str, dbname: &str| {
        json!({
            "engine": "postgres", "host": "127.0.0.1", "port": database.port, "username": username, "password": password,
            "dbname": dbname, "ssl": false,
        })
        .to_string()
    };
    for (name, text) in [
        (
            SUPERUSER,
            login("postgres", &database.superuser_password, "postgres"),
        ),
        (SAMPLE, login(database::ROLE, &database.password, database::NAME)),
    ] {
        let call = client.create_secret().name(name).secret_string(text).send().await;
        call.map_err(|error| trouble("CreateSecret")(CallError::of(&error)))?;
    }
    let function = function_arn(functions::NAMES[0]);
    if !server.function_arns().contains(&function) {
        return Ok(None);
    }
    let rules = RotationRulesType::builder().automatically_after_days(30).build();
    let call = client
        .rotate_secret()
        .secret_id(SAMPLE)
        .rotation_lambda_arn(function);
    let attached = call.rotation_rules(rules).rotate_immediately(false).send().await;
    let attached = attached.map_err(|error| trouble("RotateSecret")(CallError::of(&error)))?;
    // A test rotation comes first, as on AWS; the person's own would meet it.
    if let Some(version) = attached.version_id() {
        server.wait_for_rotation(SAMPLE, version).await;
    }
    Ok(Some(SAMPLE.to_owned()))
}

fn announce(options: &Options, server: &LocalSecretsManager, sample: Option<&str>) {
    let exports = [
        ("AWS_ENDPOINT_URL", server.url()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
    ];
    if options.json {
        let environment: serde_json::Map<_, _> = exports
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let document = json!({"version": 1, "environment": environment, "functions": server.function_arns(), "secret": sample});
        print::answer(&document.to_string());
        return;
    }
    let exports = exports.map(|(name, value)| format!("{name}={value}")).join(" ");
    print::answer(&format!("export {exports}"));
    print::progress(&format!("a page shows what happens: {}", server.url()));
    print::progress("paste that into another shell; there, for example:");
    if let Some(sample) = sample {
        print::progress(&format!("  keywheel rotate {sample}"));
    }
    print::progress("  keywheel status");
    print::progress("for laptops, not for production: it checks no signature. Ctrl-C ends it.");
}
