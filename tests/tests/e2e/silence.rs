//! Nobody reads along: canaries go through rotations at the most verbose level, and are looked for everywhere.
//!
//! What is promised: no secret value, RotationToken or admin credential is in anything that the function writes or
//! answers, at any level and in any format, whatever goes wrong; and the database server sees no new password, only
//! its verifier. The one exception is asked for by name: with `PASSWORD_SENT_AS=cleartext` the server sees the password,
//! and may log it. The function's own output is silent then, too.

mod failures;
mod lines;
mod settings;
mod short;

use std::sync::Arc;
use std::time::Duration;

use keywheel_tests::canary::Canaries;
use keywheel_tests::certificates::{Authority, SERVER_NAMES};
use keywheel_tests::net::{Act, Proxy, Rule, Tls};
use keywheel_tests::postgres::{Cluster, Server, TestDatabase, cluster};
use keywheel_tests::world::{FUNCTION, Setup, World};
use keywheel_tests::{http, process};
use secrets_manager_local::FunctionError;
use serde_json::{Value, json};
use staging_labels::{Label, Step};
use uuid::Uuid;

/// A password that every spelling has something to do with.
fn awkward(name: &str) -> String {
    format!("{name}'\"\\%/+ é{}", Uuid::new_v4().simple())
}

/// A rotation that begins: its token, and the credential that its events carry.
struct Begun {
    token: String,
    rotation_token: String,
}

fn begin(world: &World) -> Begun {
    let token = Uuid::new_v4().to_string();
    let staged = world.aws.stage_pending(&world.secret, &token);
    Begun {
        token,
        rotation_token: staged.expect("an empty version can be staged"),
    }
}

impl Begun {
    async fn step(&self, world: &World, step: Step) -> Result<(), FunctionError> {
        let payload = json!({
            "Step": step.name(), "SecretId": world.secret,
            "ClientRequestToken": self.token, "RotationToken": self.rotation_token,
        });
        world.invoke(&payload).await
    }

    async fn password(&self, world: &World) -> String {
        let text = world.text_of(&self.token).await.expect("createSecret has run");
        password_of(&text)
    }
}

fn password_of(text: &str) -> String {
    let document: Value = serde_json::from_str(text).expect("the document is JSON");
    document["password"]
        .as_str()
        .expect("it has a password")
        .to_owned()
}

/// The secret's document, with another password and more.
fn document(world: &World, password: &str, more: &Value) -> String {
    let mut document = world.database.document();
    document["password"] = password.into();
    for (key, value) in more.as_object().expect("an object") {
        document[key] = value.clone();
    }
    document.to_string()
}

/// All that the function has written. Its output comes through a pipe, a moment late: one more invocation, of which
/// nothing is kept, marks the end.
async fn whole_log(world: &World) -> Vec<String> {
    const MARK: &str = "EventMalformed";
    let metrics = |lines: &[String]| {
        let of_the_mark = |line: &&String| line.contains(r#""_aws""#) && line.contains(MARK);
        lines.iter().filter(of_the_mark).count()
    };
    let before = metrics(&world.aws.logs(FUNCTION));
    world.invoke(&json!({})).await.expect_err("this is no event");
    loop {
        let mut lines = world.aws.logs(FUNCTION);
        if metrics(&lines) > before {
            lines.retain(|line| !line.contains(MARK));
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the function wrote, and what is known of its process.
async fn of_the_function(world: &World) -> Vec<(&'static str, String)> {
    let processes = process::with_environment("AWS_ENDPOINT_URL", &world.aws.url());
    let visible: Vec<_> = processes.into_iter().map(process::visible).collect();
    vec![
        ("the function's output", whole_log(world).await.join("\n")),
        ("the function's process", visible.concat()),
        (
            "the record of rotations",
            format!("{:?}", world.aws.rotations(&world.secret)),
        ),
        ("the record of calls", format!("{:?}", world.aws.calls())),
        (
            "the record of events",
            format!("{:?}", world.aws.events(&world.secret)),
        ),
    ]
}

/// What a person who runs the local Secrets Manager can look at.
fn of_the_control_api(world: &World) -> Vec<(&'static str, String)> {
    let paths = [
        "calls",
        "rotations",
        "faults",
        "functions",
        "functions/rotate-postgres-single-user/logs",
    ];
    let get = |path: &'static str| {
        let answer = http::send("GET", &world.aws.url(), &format!("/_local/{path}"), b"");
        let answer = answer.expect("the control API answers");
        assert_eq!(answer.status, 200, "{path}");
        (path, answer.text())
    };
    paths.into_iter().map(get).collect()
}

/// What the database server keeps for others to read.
async fn of_the_server(database: &TestDatabase<'_>) -> Vec<(&'static str, String)> {
    let statements = database.cluster().value(
        "SELECT coalesce(string_agg(query, E'\\n'), '') FROM pg_stat_statements WHERE query ILIKE '%role%'",
    );
    vec![
        ("the server's log", database.log().to_string()),
        ("pg_stat_activity", activity(database.cluster()).await),
        ("pg_stat_statements", statements.await),
    ]
}

async fn activity(cluster: &Cluster) -> String {
    let query = "SELECT coalesce(string_agg(concat_ws(' ', usename, application_name, query), E'\\n'), '') FROM pg_stat_activity";
    cluster.value(query).await
}

/// Fails if a canary is anywhere.
async fn assert_silence(world: &World, canaries: &Canaries) {
    let places = [
        of_the_function(world).await,
        of_the_control_api(world),
        of_the_server(&world.database).await,
    ]
    .concat();
    for (place, text) in &places {
        canaries.absent_from(place, text);
    }
}

#[test]
fn a_canary_is_found_in_every_spelling_that_is_looked_for() {
    let secret = "can'ary \"\\%/+ é-0123456789";
    let canaries = Canaries::default().and("password", secret);
    for text in [
        format!("before {secret} after"),
        json!({ "password": secret }).to_string(),
        json!({ "inner": json!({ "password": secret }).to_string() }).to_string(),
        "can%27ary%20%22%5C%25%2f%2B%20%C3%A9-0123456789".to_owned(),
        "63616E27617279205C".to_owned() + " no, but 63616e2761727920225c252f2b20c3a92d30313233343536373839",
        "cut off after the tenth: 0123456789".to_owned(),
        "x Y2FuJ2FyeSAiXCUvKyDDqS0wMTIzNDU2Nzg5 y".to_owned(),
        "eGNhbidhcnkgIlwlLysgw6ktMDEyMzQ1Njc4OXk=".to_owned(),
    ] {
        assert!(!canaries.found_in(&text).is_empty(), "{text}");
    }
    assert!(canaries.found_in("can ary, 012345678, [Y2Fu]").is_empty());
}

/// A whole rotation with its function's log in `format`: a person who reads along reads nothing.
async fn rotates_in_silence(format: &str) {
    let world = Setup::on(Server::Main)
        .env("AWS_LAMBDA_LOG_FORMAT", format)
        .start()
        .await;
    let old = awkward("old");
    world.database.set_password(&old).await;
    let told = document(&world, &old, &json!({"note": "é"}));
    world.put(&told, &[Label::Current]).await;

    let begun = begin(&world);
    for step in Step::ALL {
        begun.step(&world, step).await.expect("the step succeeds");
    }
    let new = begun.password(&world).await;
    assert!(world.database.accepts(&new).await);
    let statements = world.database.log().statements();
    let altered = statements
        .iter()
        .any(|statement| statement.contains("ALTER ROLE") && statement.contains("'SCRAM-SHA-256$"));
    assert!(altered, "the verifier went through the log: {statements:?}");

    let canaries = Canaries::default()
        .and("old password", &old)
        .and("previous password", world.database.password())
        .and("new password", &new)
        .and("RotationToken", &begun.rotation_token);
    assert_silence(&world, &canaries).await;
}

#[tokio::test]
async fn nobody_reads_along_a_whole_rotation_in_json() {
    rotates_in_silence("JSON").await;
}

#[tokio::test]
async fn nobody_reads_along_a_whole_rotation_in_text() {
    rotates_in_silence("Text").await;
}

#[tokio::test]
async fn nobody_reads_along_while_the_statement_runs() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let authority = Authority::new().expect("an authority can be made");
    let certificate = authority
        .server(&SERVER_NAMES)
        .expect("a certificate can be made");
    let (seen, seen_at_commit) = std::sync::mpsc::channel();
    // The proxy holds COMMIT back while it looks: the session's last message then ends with ALTER ROLE.
    let look = Arc::new(move || {
        let _ = seen.send(on_a_thread(async { activity(cluster(Server::Main)).await }));
    });
    let rule = Rule::on_client("COMMIT\0", Act::Call(look));
    let proxy = Proxy::with_rules(database.cluster().port(), Tls::End(certificate), vec![rule]);
    let proxy = proxy.expect("the proxy starts");

    let told = database.document_at("localhost", proxy.port()).to_string();
    let setup = Setup::on(Server::Main).env("PGSSLROOTCERT", authority.pem());
    let world = setup.start_with_document(database, &told).await;
    world.rotate().await.expect("the rotation succeeds");

    let activity = seen_at_commit.recv().expect("somebody looked");
    let own = format!("{} keywheel BEGIN", world.database.user());
    let statement = activity.split_once(&own).map_or("", |(_, statement)| statement);
    assert!(
        statement.contains("; ALTER ROLE"),
        "the statement was there to be seen"
    );
    let canaries = Canaries::default()
        .and("old password", world.database.password())
        .and("new password", &world.password(&Label::Current).await);
    canaries.absent_from("pg_stat_activity", &activity);
    assert_silence(&world, &canaries).await;
}

/// Runs `work` to its end on a thread and a runtime of its own, whoever calls.
fn on_a_thread<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .expect("a runtime needs few file descriptors")
            .block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(run).join().expect("the work does not panic"))
}

#[tokio::test]
async fn a_version_without_a_label_is_salvaged_in_silence() {
    // Only in the order of AWS's templates is the password changed while AWSCURRENT is still on the old version.
    let classic = Setup::on(Server::Main).env("AWSCURRENT_MOVES", "finishSecret");
    let world = classic.start().await;
    let abandoned = begin(&world);
    for step in [Step::Create, Step::Set] {
        abandoned.step(&world, step).await.expect("the step succeeds");
    }
    let lost = abandoned.password(&world).await;
    world.clean_up(&abandoned.token).await;

    let begun = begin(&world);
    for step in Step::ALL {
        begun.step(&world, step).await.expect("the step succeeds");
    }
    let log = whole_log(&world).await.join("\n");
    let told = format!("set through version {}", abandoned.token);
    assert!(log.contains(&told), "the log says which version helped");
    let canaries = Canaries::default()
        .and("current password", world.database.password())
        .and("deprecated password", &lost)
        .and("new password", &begun.password(&world).await)
        .and("first RotationToken", &abandoned.rotation_token)
        .and("second RotationToken", &begun.rotation_token);
    assert_silence(&world, &canaries).await;
}

#[tokio::test]
async fn an_admin_comes_to_help_in_silence() {
    let world = World::new().await;
    let admin = world.database.admin_document().to_string();
    let created = world
        .client
        .create_secret()
        .name("keywheel/admin")
        .secret_string(&admin)
        .send()
        .await;
    let arn = created
        .expect("the admin's secret is created")
        .arn
        .expect("it has an ARN");
    let told = document(&world, world.database.password(), &json!({"masterarn": arn}));
    world.put(&told, &[Label::Current]).await;
    let by_hand = awkward("by-hand");
    world.database.set_password(&by_hand).await;

    let begun = begin(&world);
    for step in Step::ALL {
        begun.step(&world, step).await.expect("the step succeeds");
    }
    let canaries = Canaries::default()
        .and("admin's password", &password_of(&admin))
        .and("password set by hand", &by_hand)
        .and("current password", world.database.password())
        .and("new password", &begun.password(&world).await)
        .and("RotationToken", &begun.rotation_token);
    assert_silence(&world, &canaries).await;
    let log = whole_log(&world).await.join("\n");
    assert!(log.contains("set through the superuser secret"), "{log}");
}
