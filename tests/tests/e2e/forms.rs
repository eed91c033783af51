//! Each form in which known consumers keep their secret is rotated for real, and stays what it was.

mod declared;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use aws_sdk_secretsmanager::primitives::Blob;
use keywheel_tests::pair::{Admin, Power, admin_document};
use keywheel_tests::postgres::{Cluster, Options, Server, TestDatabase, cluster};
use keywheel_tests::tools::Tools;
use keywheel_tests::world::{ALTERNATING, Setup, World};
use secrets_manager_local::LocalSecretsManager;
use serde::Deserialize;
use serde_json::{Value, json};
use staging_labels::{Label, Step};

/// A consumer's secret, with `{{host}}` and `{{port}}` where the server's go.
#[derive(Deserialize)]
struct Form {
    name: String,
    string: String,
}

fn forms() -> Vec<Form> {
    serde_json::from_str(include_str!("../../data/forms.json")).expect("the forms are JSON")
}

/// The password in every consumer's form.
const PASSWORD: &str = "secret-password";

/// A server for the consumers alone: their roles and databases are called as in their secrets.
fn consumers() -> &'static Cluster {
    static CONSUMERS: OnceLock<Cluster> = OnceLock::new();
    let start = || Cluster::start(&Options::new(Server::Main));
    CONSUMERS.get_or_init(|| start().expect("the server starts"))
}

/// A text with its places filled in: the role, its password as it is written there, the server and the database.
fn fill(template: &str, host: &str, database: &TestDatabase<'_>, user: &str, password: &str) -> String {
    let port = database.cluster().port().to_string();
    let places = [
        ("{{host}}", host),
        ("{{port}}", &port),
        ("{{database}}", database.name()),
        ("{{user}}", user),
        ("{{password}}", password),
    ];
    places.iter().fold(template.to_owned(), |text, (place, value)| {
        text.replace(place, value)
    })
}

/// What a rotation made of a text.
struct Rotated {
    world: World,
    before: String,
    after: String,
    /// The new password as it is written in the text.
    written: String,
}

/// A rotated secret whose role is gone: another form may have a role of that name.
struct Stored {
    aws: LocalSecretsManager,
    secret: String,
    before: String,
}

impl Rotated {
    fn without_its_role(self) -> Stored {
        let World { aws, secret, .. } = self.world;
        Stored {
            aws,
            secret,
            before: self.before,
        }
    }
}

/// Rotates a secret that holds `before`, in which the password is written as `written`; nothing else may change.
async fn rotate(
    name: &str,
    setup: Setup,
    database: TestDatabase<'static>,
    before: String,
    written: &str,
) -> Rotated {
    let world = setup.start_with_document(database, &before).await;
    world
        .rotate()
        .await
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let after = world
        .text(&Label::Current)
        .await
        .expect("there is a current value");
    let (head, tail) = before.split_once(written).expect("the password is in the text");
    let inner = after.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
    let inner = inner.unwrap_or_else(|| panic!("{name}: more than the password has changed"));
    assert!(
        inner.len() >= 32 && inner != written,
        "{name}: the password has changed"
    );
    let written = inner.to_owned();
    Rotated {
        world,
        before,
        after,
        written,
    }
}

/// The role of a consumer's form.
fn user_of(text: &str) -> String {
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        return document["username"].as_str().expect("a role").to_owned();
    }
    let userinfo = text.split_once("://").and_then(|(_, rest)| rest.split_once(':'));
    userinfo.expect("a URL names its role").0.to_owned()
}

/// Rotates a consumer's form on the consumers' server, with its host in the environment if the form has none.
async fn rotate_form(form: &Form) -> Rotated {
    let text = form
        .string
        .replace("\"port\": {{port}}", "\"port\": 1")
        .replace("{{port}}", "1");
    let database = TestDatabase::with_user(consumers(), &user_of(&text)).await;
    database.set_password(PASSWORD).await;
    let mut setup = Setup::on(Server::Main);
    if !form.string.contains("{{host}}") {
        let port = consumers().port().to_string();
        setup = setup
            .env("PGHOST", "localhost")
            .env("PGPORT", &port)
            .env("PGDATABASE", database.name());
    }
    let before = fill(&form.string, "localhost", &database, "", "");
    rotate(&form.name, setup, database, before, PASSWORD).await
}

/// Whether libpq logs in with a URL as it is in the secret, over TLS that is fully verified.
fn libpq_takes(cluster: &Cluster, url: &str) -> Result<String, String> {
    let query = "SELECT current_user || ' ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    libpq_answers(cluster, url, query)
}

fn libpq_answers(cluster: &Cluster, url: &str, query: &str) -> Result<String, String> {
    let mut psql = cluster.psql().expect("the main server has a psql");
    psql.args(["--tuples-only", "--no-align", "--command", query, url]);
    let output = psql.output().expect("psql can be run");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What boto3 reads, in one go.
fn read_by_boto3(stored: &[Stored]) -> Vec<Value> {
    let places = stored
        .iter()
        .map(|stored| json!({"url": stored.aws.url(), "secret": stored.secret}));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/read_secrets.py");
    let tools = Tools::load().expect("the tools are installed");
    let mut python = Command::new(tools.python().expect("there is a Python"));
    let output = python
        .arg(script)
        .arg(places.collect::<Value>().to_string())
        .output();
    let output = output.expect("Python can be run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[tokio::test]
async fn every_consumers_form_keeps_working_for_its_consumer() {
    consumers().sql("CREATE DATABASE production").await;
    consumers().sql("CREATE DATABASE app").await;
    let mut documents = Vec::new();
    let mut urls = 0;
    // One after the other: two of the forms have the same role.
    for form in forms().iter().filter(|form| form.string.contains(PASSWORD)) {
        let rotated = rotate_form(form).await;
        if rotated.after.starts_with("postgres") {
            let user = rotated.world.database.user();
            assert_eq!(
                libpq_takes(consumers(), &rotated.after),
                Ok(format!("{user} true"))
            );
            libpq_takes(consumers(), &rotated.before).expect_err("the old URL is refused");
            urls += 1;
        } else {
            let after: Value = serde_json::from_str(&rotated.after).expect("it is JSON");
            let password = after["password"].as_str().expect("a string stays a string");
            assert!(rotated.world.database.accepts(password).await, "{}", form.name);
            assert!(!rotated.world.database.accepts(PASSWORD).await, "{}", form.name);
            documents.push(rotated.without_its_role());
        }
    }
    assert_eq!(
        (documents.len(), urls),
        (6, 1),
        "all forms but the two that are no PostgreSQL credential"
    );

    for (stored, read) in documents.iter().zip(read_by_boto3(&documents)) {
        let before: BTreeMap<String, Value> = serde_json::from_str(&stored.before).expect("it is JSON");
        for (key, value) in &before {
            assert_eq!(
                read["types"][key],
                python_type(value),
                "{key} of {}",
                stored.before
            );
            assert!(
                key == "password" || read["document"][key] == *value,
                "{key} of {}",
                stored.before
            );
        }
        assert_eq!(
            read["types"].as_object().map(serde_json::Map::len),
            Some(before.len())
        );
        assert_eq!(
            read["template"].is_object(),
            before.contains_key("engine"),
            "AWS's templates can take over"
        );
    }
}

#[tokio::test]
async fn what_is_no_postgresql_credential_is_refused_and_stays_untouched() {
    let mut others: Vec<(String, String)> = forms()
        .into_iter()
        .filter(|form| !form.string.contains(PASSWORD))
        .map(|form| (form.name, form.string))
        .collect();
    assert_eq!(others.len(), 2, "an API key and an OAuth document");
    for (name, text) in [
        ("a bare password", "correct-horse-battery-staple"),
        ("a bare password that looks like JSON", "{abc}"),
        ("a connection string", "host=localhost user=app password=hunter22"),
        ("a token document", r#"{"apiKey":"canary-api-key"}"#),
        (
            "a MySQL document",
            r#"{"engine":"mysql","username":"u","password":"hunter22","host":"h"}"#,
        ),
        (
            "a JDBC URL",
            "jdbc:postgresql://localhost/app?user=app&password=hunter22",
        ),
        (
            "two of a key",
            r#"{"username":"u","password":"hunter22","password":"hunter22"}"#,
        ),
    ] {
        others.push((name.to_owned(), text.to_owned()));
    }
    let world = World::new().await;
    for (name, text) in others {
        world.put(&text, &[Label::Current]).await;
        let token = world.stage();
        let before = world.snapshot().await;
        let error = world.step(&token, Step::Create).await.expect_err(&name);
        assert!(error.error_type.starts_with("Secret"), "{name}: {error}");
        let begin = format!("createSecret failed for {}: the ", world.secret);
        assert!(error.error_message.starts_with(&begin), "{name}: {error}");
        assert!(
            error.error_message.contains("; "),
            "{name}: the error has a remedy: {error}"
        );
        assert!(!error.error_message.contains(&text), "{name}: {error}");
        assert_eq!(world.snapshot().await, before, "{name}");
        assert_eq!(world.text(&Label::Current).await, Some(text), "{name}");
        assert_eq!(world.text_of(&token).await, None, "{name}: nothing was written");
    }
}

/// A URL has no place for `masterarn`.
#[tokio::test]
async fn a_url_has_alternating_users_through_the_functions_superuser_secret() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let admin = Admin::new(&database, Power::CreateRole).await;
    let superuser = admin_document(&database, &admin).to_string();
    let prefix = "arn:aws:secretsmanager:us-east-1:000000000000:secret:keywheel";
    let arn = format!("{prefix}/{}/admin-AbCdEf", database.name());
    let password = database.document()["password"]
        .as_str()
        .expect("a string")
        .to_owned();
    let form = "postgresql://{{user}}:{{password}}@localhost:{{port}}/{{database}}?connect_timeout=10";
    let user = database.user().to_owned();
    let before = fill(form, "localhost", &database, &user, &password);
    let setup = Setup::on(Server::Main).function(ALTERNATING).arn_suffix("AbCdEf");
    let setup = setup.env("SUPERUSER_SECRET", &arn);
    let world = setup.start_with_document(database, &before).await;
    assert_eq!(world.other_secret("admin", &superuser).await, arn);
    world
        .test_rotation()
        .await
        .expect("a test rotation finds nothing");
    let mut urls = vec![before];
    for next in ["_clone", "", "_clone"] {
        world.rotate().await.expect("it rotates");
        let url = world.text(&Label::Current).await.expect("there is a value");
        let takes = |url: &str| libpq_answers(world.database.cluster(), url, "SELECT session_user");
        assert_eq!(takes(&url), Ok(format!("{user}{next}")));
        // Only user and password have changed, and the one before goes on working.
        let tail = &urls[0][urls[0].find('@').expect("a host")..];
        assert!(url.starts_with("postgresql://") && url.ends_with(tail), "{tail}");
        takes(urls.last().expect("one before")).expect("a cached URL works for an interval");
        urls.push(url);
    }
    libpq_takes(world.database.cluster(), &urls[1]).expect_err("not for two");
}

/// The bytes of AWSCURRENT, which must not be text.
async fn current_bytes(world: &World) -> Vec<u8> {
    let call = world.client.get_secret_value().secret_id(&world.secret);
    let answer = call.send().await.expect("there is a current value");
    assert_eq!(answer.secret_string, None);
    answer
        .secret_binary
        .expect("a binary value stays one")
        .into_inner()
}

#[tokio::test]
async fn json_and_a_url_in_secret_binary_stay_in_secret_binary() {
    for form in [
        "\r\n{\"note\":\"ü\", \"host\":\"localhost\",\"port\":{{port}},\"dbname\":\"{{database}}\",\"username\":\"{{user}}\",\"password\":\"{{password}}\"}",
        "postgresql://{{user}}:{{password}}@localhost:{{port}}/{{database}}",
    ] {
        let database = TestDatabase::new(cluster(Server::Main)).await;
        database.set_password(PASSWORD).await;
        let before = fill(form, "localhost", &database, database.user(), PASSWORD);
        let world = Setup::on(Server::Main).start_with_document(database, "{}").await;
        let put = world.client.put_secret_value().secret_id(&world.secret);
        let put = put.secret_binary(Blob::new(before.clone().into_bytes()));
        put.client_request_token("b".repeat(32))
            .send()
            .await
            .expect("it is stored");
        world.test_rotation().await.expect("a test rotation reads it");
        for _ in 0..2 {
            world.rotate().await.expect("it rotates");
            let after = String::from_utf8(current_bytes(&world).await).expect("it is UTF-8");
            let (head, tail) = before.split_once(PASSWORD).expect("the password is in it");
            let inner = after.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
            let written = inner.expect("only the password has changed").to_owned();
            let password = if form.starts_with("postgres") {
                percent_encoding::percent_decode_str(&written)
                    .decode_utf8()
                    .expect("UTF-8")
                    .into_owned()
            } else {
                serde_json::from_str(&format!("\"{written}\"")).expect("a JSON string")
            };
            assert!(world.database.accepts(&password).await);
            assert!(!world.database.accepts(PASSWORD).await);
            assert!(!world.log().contains(&password), "a password is in the log");
        }
    }
}

/// An address of this machine as it is written in a URL, and bare: IPv6 where there is any.
fn address() -> (&'static str, &'static str) {
    if TcpListener::bind(("::1", 0)).is_ok() {
        ("[::1]", "::1")
    } else {
        ("127.0.0.1", "127.0.0.1")
    }
}

/// A form with its role, and the old password as it is and as it is written.
struct Written {
    name: &'static str,
    template: &'static str,
    host: &'static str,
    user: (&'static str, &'static str),
    password: (&'static str, &'static str),
}

const PLAIN: (&str, &str) = ("old-password", "old-password");

fn written_forms() -> Vec<Written> {
    let (in_a_url, bare) = address();
    let form = |name, template, host, user, password| Written {
        name,
        template,
        host,
        user,
        password,
    };
    vec![
        form(
            "white space, line ends of Windows, numbers and escapes",
            "\r\n{\r\n\t\"engine\" : \"postgres\" ,\r\n\t\"host\":\"{{host}}\",  \"port\" :{{port}},\r\n\"version\":1.10,\"big\":123456789012345678901234567890,\"e\":1E+2,\r\n\"note\":\"\\u00fcbergabe \\/ é 🦀\",\r\n\"username\":\"{{user}}\",\"dbname\":\"{{database}}\",\r\n\"password\":\t\"{{password}}\"\r\n}\r\n",
            "localhost",
            ("übergabe_é", "\\u00fcbergabe_é"),
            ("ö\"\\/ é-old", "\\u00f6\\\"\\\\\\/ é-old"),
        ),
        form(
            "AWS's form with everything as a string, after a dot of the root",
            r#"{"engine":"aurora-postgresql","host":"{{host}}","username":"{{user}}","password":"{{password}}","dbname":"{{database}}","port":"{{port}}","ssl":"True"}"#,
            "LocalHost",
            ("aurora_user", "aurora_user"),
            PLAIN,
        ),
        form(
            "keys of its own, nested and twice below the top",
            r#"{"a":{"password":"inner","b":[{"x":1,"x":2}]},"Password":"other","":null,"pass\u0077ord":"{{password}}","username":"{{user}}","host":"{{host}}","port":{{port}},"database":"{{database}}"}"#,
            "localhost",
            ("own keys", "own keys"),
            PLAIN,
        ),
        form(
            "an IPv6 address",
            r#"{"username":"{{user}}","password":"{{password}}","host":"{{host}}","port":{{port}},"dbname":"{{database}}","sslmode":"verify-full"}"#,
            bare,
            ("six", "six"),
            PLAIN,
        ),
        form(
            "a URL in which everything is encoded",
            "postgres://{{user}}:{{password}}@{{host}}:{{port}}/{{database}}?sslmode=verify-full&application_name=x%20y",
            "localhost",
            ("us er@corp:100%/ü", "us%20er%40corp%3A100%25%2F%C3%BC"),
            ("p@ss:w/ord?#%&ü", "p%40ss%3Aw%2ford%3F%23%25%26%c3%bc"),
        ),
        form(
            "a URL with an IPv6 address, in capitals",
            "POSTGRESQL://{{user}}:{{password}}@{{host}}:{{port}}/{{database}}",
            in_a_url,
            ("url_six", "url_six"),
            PLAIN,
        ),
        form(
            "a URL between line ends",
            "\n  postgresql://{{user}}:{{password}}@{{host}}:{{port}}/{{database}}?sslmode=require \r\n",
            "localhost",
            ("lines", "lines"),
            ("old:password", "old:password"),
        ),
    ]
}

#[tokio::test]
async fn whatever_else_is_written_in_a_secret_stays_to_the_byte() {
    for form in written_forms() {
        let database = TestDatabase::with_user(consumers(), form.user.0).await;
        database.set_password(form.password.0).await;
        let before = fill(form.template, form.host, &database, form.user.1, form.password.1);
        let rotated = rotate(
            form.name,
            Setup::on(Server::Main),
            database,
            before,
            form.password.1,
        )
        .await;
        let user = rotated.world.database.user();
        assert_eq!(
            rotated.world.text(&Label::Previous).await.as_deref(),
            Some(&*rotated.before)
        );
        if form.template.contains("://") {
            let url = rotated.after.trim().replacen("POSTGRESQL", "postgresql", 1);
            assert_eq!(
                libpq_takes(consumers(), &url),
                Ok(format!("{user} true")),
                "{}",
                form.name
            );
        } else {
            let password: String =
                serde_json::from_str(&format!("\"{}\"", rotated.written)).expect("a JSON string");
            assert!(rotated.world.database.accepts(&password).await, "{}", form.name);
        }
        assert!(
            !rotated.world.database.accepts(form.password.0).await,
            "{}",
            form.name
        );
    }
}
