//! The sample payloads of `events/`, and the links of the documentation.

use std::fs;
use std::path::{Path, PathBuf};

use keywheel_tests::functions::function_path;
use keywheel_tests::http::{self, Answer};
use keywheel_tests::keys;
use keywheel_tests::pair::{Admin, Power, admin_document};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{ALTERNATING, FUNCTION, SUPERUSER_SECRETS, World, client};
use secrets_manager_local::{Function, FunctionError, LocalSecretsManager};
use serde_json::Value;
use staging_labels::{Label, Step};

/// The folder of this repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    paths.sort();
    paths
}

/// Sends a payload to the function through the Invoke API.
fn invoke(url: &str, payload: &[u8]) -> Answer {
    invoke_as(FUNCTION, url, payload)
}

fn invoke_as(function: &str, url: &str, payload: &[u8]) -> Answer {
    let path = format!("/2015-03-31/functions/{function}/invocations");
    http::send("POST", url, &path, payload).expect("the Invoke API answers")
}

fn error_of(answer: &Answer) -> FunctionError {
    assert!(
        answer.headers.contains("x-amz-function-error: unhandled"),
        "{}",
        answer.headers
    );
    serde_json::from_slice(&answer.body).expect("an error is JSON")
}

/// A Secrets Manager with the secret that the sample events are about, and its function.
async fn with_the_samples_secret(database: &TestDatabase<'_>) -> LocalSecretsManager {
    let aws = with_functions(database).await;
    let create = client(&aws.url()).create_secret().name("keywheel/single-user");
    let created = create.secret_string(database.document().to_string()).send().await;
    created.expect("the secret is created");
    aws
}

/// A Secrets Manager with the functions that the samples are for.
async fn with_functions(database: &TestDatabase<'_>) -> LocalSecretsManager {
    let mut builder = LocalSecretsManager::builder().arn_suffix("AbCdEf");
    for name in [FUNCTION, ALTERNATING] {
        let function = Function::new(name, function_path(name));
        let function = function
            .env("PGSSLROOTCERT", database.cluster().authority_path())
            .env("SUPERUSER_SECRETS", SUPERUSER_SECRETS);
        builder = builder.function(function);
    }
    builder.start().await.expect("the local Secrets Manager starts")
}

/// The sample of a step, as it lies in `events/`.
fn sample(step: Step) -> Vec<u8> {
    sample_of(FUNCTION, step)
}

fn sample_of(function: &str, step: Step) -> Vec<u8> {
    let name = step.name().replace('S', "-s");
    read(&repository().join(format!("events/{function}/{name}.json")))
}

/// Stages the samples' token; the RotationToken of this rotation.
fn stage(aws: &LocalSecretsManager) -> String {
    let event: Value = serde_json::from_slice(&sample(Step::Create)).expect("a sample is JSON");
    let (secret, token) = (event["SecretId"].as_str(), event["ClientRequestToken"].as_str());
    let staged = aws.stage_pending(
        secret.expect("a sample names a secret"),
        token.expect("a sample has a token"),
    );
    staged.expect("an empty version can be staged")
}

#[tokio::test]
async fn the_four_samples_in_order_are_a_whole_rotation() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let aws = with_the_samples_secret(&database).await;
    let event: Value = serde_json::from_slice(&sample(Step::Create)).expect("a sample is JSON");
    stage(&aws);
    for step in Step::ALL {
        let answer = invoke(&aws.url(), &sample(step));
        let error = answer.headers.contains("x-amz-function-error");
        assert!(answer.status == 200 && !error, "{step:?}: {}", answer.text());
    }

    let value = client(&aws.url())
        .get_secret_value()
        .secret_id("keywheel/single-user")
        .send()
        .await;
    let value = value.expect("the secret has a value");
    assert_eq!(value.version_id.as_deref(), event["ClientRequestToken"].as_str());
    assert!(
        value
            .version_stages
            .unwrap_or_default()
            .contains(&Label::Current.as_str().to_owned())
    );
    let document: Value = serde_json::from_str(&value.secret_string.unwrap_or_default()).expect("it is JSON");
    assert!(
        database
            .accepts(document["password"].as_str().expect("it has a password"))
            .await
    );
    assert!(!database.accepts(database.password()).await);
}

#[tokio::test]
async fn the_four_samples_for_two_users_are_a_whole_rotation() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let admin = Admin::new(&database, Power::CreateRole).await;
    let aws = with_functions(&database).await;
    let client = client(&aws.url());
    let create = async |name: &str, document: &Value| {
        let call = client
            .create_secret()
            .name(name)
            .secret_string(document.to_string());
        call.send().await.expect("the secret is created").arn
    };
    let mut document = database.document();
    document["masterarn"] = create("keywheel/admin", &admin_document(&database, &admin))
        .await
        .into();
    let secret = create("keywheel/alternating-users", &document).await;
    let event: Value =
        serde_json::from_slice(&sample_of(ALTERNATING, Step::Create)).expect("a sample is JSON");
    assert_eq!(event["SecretId"].as_str(), secret.as_deref());
    let token = event["ClientRequestToken"]
        .as_str()
        .expect("a sample has a token");
    aws.stage_pending("keywheel/alternating-users", token)
        .expect("an empty version can be staged");
    for step in Step::ALL {
        let answer = invoke_as(ALTERNATING, &aws.url(), &sample_of(ALTERNATING, step));
        let error = answer.headers.contains("x-amz-function-error");
        assert!(answer.status == 200 && !error, "{step:?}: {}", answer.text());
    }
    let value = client
        .get_secret_value()
        .secret_id("keywheel/alternating-users")
        .send()
        .await;
    let value = value
        .expect("the secret has a value")
        .secret_string
        .unwrap_or_default();
    let value: Value = serde_json::from_str(&value).expect("it is JSON");
    assert_eq!(value["username"], database.clone_user());
    assert!(
        database.accepts(database.password()).await,
        "the other user goes on"
    );
}

#[tokio::test]
async fn the_four_samples_are_the_four_steps_of_one_rotation() {
    for function in [FUNCTION, ALTERNATING, keys::FUNCTION] {
        are_the_four_steps(function);
    }
}

fn are_the_four_steps(function: &str) {
    let events = Step::ALL
        .map(|step| serde_json::from_slice::<Value>(&sample_of(function, step)).expect("a sample is JSON"));
    for (step, event) in Step::ALL.into_iter().zip(&events) {
        assert_eq!(event["Step"], step.name());
        for key in ["SecretId", "ClientRequestToken"] {
            assert_eq!(event[key], events[0][key], "{key}");
        }
        // It is a credential of one rotation: a sample's would be refused.
        assert!(event.get("RotationToken").is_none(), "{event}");
    }
    assert_eq!(
        entries(&repository().join("events").join(function)).len(),
        events.len()
    );
}

/// The reason why the samples carry none.
#[tokio::test]
async fn a_rotation_token_is_refused_unless_it_is_the_rotations_own() {
    let database = TestDatabase::new(cluster(Server::Main)).await;
    let aws = with_the_samples_secret(&database).await;
    let own = stage(&aws);
    let mut event: Value = serde_json::from_slice(&sample(Step::Create)).expect("a sample is JSON");
    let foreign = "11111111-1111-4111-8111-111111111111";
    event["RotationToken"] = foreign.into();
    let error = error_of(&invoke(&aws.url(), event.to_string().as_bytes()));
    assert_eq!(error.error_type, "PermissionDenied", "{error}");
    assert!(
        error.error_message.contains("keywheel/single-user-AbCdEf"),
        "{error}"
    );
    assert!(
        !error.error_message.contains(foreign) && !error.error_message.contains(&own),
        "{error}"
    );

    event["RotationToken"] = own.into();
    let answer = invoke(&aws.url(), event.to_string().as_bytes());
    assert!(
        !answer.headers.contains("x-amz-function-error"),
        "{}",
        answer.text()
    );
}

/// Every string in a payload that its refusal has no reason to repeat.
fn strings(payload: &Value) -> Vec<String> {
    match payload {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// The refusal of one sample: its code, the secret, and nothing else of the payload.
fn assert_refused(url: &str, function: &str, code: &str, file: &Path) {
    let content = read(file);
    let payload: Value = serde_json::from_slice(&content).expect("a refused sample is JSON all the same");
    let error = error_of(&invoke_as(function, url, &content));
    let shown = file.display();
    assert_eq!(error.error_type, code, "{shown}: {error}");
    assert!(
        error
            .error_message
            .contains("; let Secrets Manager invoke the function"),
        "{shown}: {error}"
    );

    let mut rest = error.error_message;
    assert!(!rest.contains('\n'), "{shown}: {rest}");
    let secret = payload.get("SecretId").and_then(Value::as_str);
    let sound = secret.filter(|id| (1..=2048).contains(&id.len()) && !id.contains('\n'));
    if let Some(secret) = sound {
        assert!(
            rest.contains(&format!(" failed for {secret}: ")),
            "{shown}: {rest}"
        );
        rest = rest.replace(secret, "");
    }
    let step = payload.get("Step").and_then(Value::as_str);
    if let Some(step) = step.filter(|name| Step::ALL.iter().any(|step| step.name() == *name)) {
        assert!(rest.starts_with(step), "{shown}: {rest}");
        rest = rest.replacen(step, "", 1);
    }
    for text in strings(&payload).iter().filter(|text| text.len() > 3) {
        assert!(!rest.contains(text.as_str()), "{shown} is repeated: {rest}");
    }
}

/// The refusals of all samples in `events/refused`, by the function of that name.
pub(crate) fn assert_all_refused(url: &str, function: &str) {
    let mut count = 0;
    for directory in entries(&repository().join("events/refused")) {
        let code = directory
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a code")
            .to_owned();
        assert!(rotation::codes().contains(&code.as_str()), "{code}");
        for file in entries(&directory) {
            assert_refused(url, function, &code, &file);
            count += 1;
        }
    }
    assert!(count > 20, "{count} samples");
}

#[tokio::test]
async fn every_refused_sample_is_refused_with_its_code_before_anybody_is_asked() {
    let world = World::new().await;
    let before = world.snapshot().await;
    world.aws.clear_calls();
    assert_all_refused(&world.aws.url(), FUNCTION);
    assert_eq!(world.aws.calls(), [], "Secrets Manager is not asked");
    assert_eq!(world.snapshot().await, before);
}

/// Lambda's own Invoke API lets nothing through that is not JSON; a function that gets it all the same lives on.
#[tokio::test]
async fn bytes_that_are_not_json_are_refused_and_do_not_end_the_function() {
    let world = World::new().await;
    for payload in [
        &b"not json"[..],
        b"{\"Step\":\"createSecret\"",
        b"\xff\xfe\x00",
        b"\"\xff\"",
        b"{} {}",
    ] {
        let answer = invoke(&world.aws.url(), payload);
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(
            answer
                .headers
                .contains("x-amzn-errortype: invalidrequestcontentexception"),
            "{}",
            answer.headers
        );

        let reached = world
            .aws
            .invoke(FUNCTION, payload.to_vec())
            .await
            .expect("the function is there");
        let error = reached.error.expect("it is refused");
        assert_eq!(error.error_type, "EventMalformed", "{error}");
    }
    assert_eq!(
        error_of(&invoke(&world.aws.url(), b"")).error_type,
        "EventMalformed",
        "no payload is an empty one"
    );
    assert!(!world.log().contains("not json"), "{}", world.log());
    world.rotate().await.expect("the function lives");
}

/// The targets of the links in a Markdown text that lead to files.
fn links(markdown: &str) -> Vec<String> {
    let mut fenced = false;
    let prose = markdown.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    let targets = prose.flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
    targets
        .filter(|target| {
            !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:")
        })
        .map(|target| target.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

/// Every Markdown file below `directory`, without what is built or belongs to somebody else.
fn markdown_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(directory) {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && !name.starts_with("target") && name != "node_modules" {
            found.extend(markdown_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_link_in_the_documentation_leads_to_a_file() {
    let files = markdown_files(&repository());
    assert!(
        files.iter().any(|file| file.ends_with("README.md")) && files.len() > 10,
        "{files:?}"
    );
    let broken = files.iter().flat_map(|file| {
        let text = String::from_utf8(read(file)).expect("the documentation is UTF-8");
        let directory = file.parent().expect("a file lies in a directory").to_owned();
        let missing = links(&text)
            .into_iter()
            .filter(move |target| !directory.join(target).exists());
        missing
            .map(|target| format!("{}: {target}", file.display()))
            .collect::<Vec<_>>()
    });
    assert_eq!(broken.collect::<Vec<_>>(), Vec::<String>::new());
}
