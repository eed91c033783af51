//! Secrets that do not say everything themselves: a bare password, and members in Base64.

use aws_sdk_secretsmanager::types::Tag;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keywheel_tests::pair::{Admin, Power, admin_document};
use keywheel_tests::postgres::{Server, TestDatabase, cluster};
use keywheel_tests::world::{ALTERNATING, Setup, World};
use serde_json::Value;
use staging_labels::{Label, Step};

/// The function's environment says whose a bare password is.
fn says(setup: Setup, database: &TestDatabase<'_>) -> Setup {
    let port = database.cluster().port().to_string();
    setup
        .env("PGUSER", database.user())
        .env("PGHOST", "localhost")
        .env("PGPORT", &port)
        .env("PGDATABASE", database.name())
}

async fn database() -> TestDatabase<'static> {
    TestDatabase::new(cluster(Server::Main)).await
}

async fn tag(world: &World, tags: &[(&str, &str)]) {
    let mut call = world.client.tag_resource().secret_id(&world.secret);
    for (key, value) in tags {
        call = call.tags(
            Tag::builder()
                .key(format!("keywheel:{key}"))
                .value(*value)
                .build(),
        );
    }
    call.send().await.expect("it is tagged");
}

async fn current(world: &World) -> String {
    world
        .text(&Label::Current)
        .await
        .expect("there is a current value")
}

/// Nothing of these is in the log, neither as it is nor in Base64.
fn check_silence(world: &World, values: &[&str]) {
    let log = world.log();
    for value in values {
        assert!(!log.contains(value), "a value is in the log");
        assert!(
            !log.contains(&BASE64.encode(value)),
            "a value is in the log, in Base64"
        );
    }
}

/// The ARN of a superuser secret that the function uses for every secret, and its document.
async fn superuser(database: &TestDatabase<'static>) -> (Admin, String, String) {
    let admin = Admin::new(database, Power::CreateRole).await;
    let document = admin_document(database, &admin).to_string();
    let prefix = "arn:aws:secretsmanager:us-east-1:000000000000:secret:keywheel";
    let arn = format!("{prefix}/{}/admin-AbCdEf", database.name());
    (admin, document, arn)
}

#[tokio::test]
async fn a_bare_password_is_rotated_for_the_user_that_the_environment_names() {
    let database = database().await;
    let first = format!("{}\n", database.password());
    let setup = says(Setup::on(Server::Main).env("INCLUDE_SPACE", "true"), &database);
    let world = setup.start_with_document(database, &first).await;
    world
        .test_rotation()
        .await
        .expect("a test rotation finds nothing");
    let mut before = first;
    for _ in 0..3 {
        world.rotate().await.expect("it rotates");
        let after = current(&world).await;
        let (old, new) = (
            before.trim_end(),
            after.strip_suffix('\n').expect("the line's end stays"),
        );
        assert!(
            new.len() == 32 && new != old && !new.contains(['{', '[', '"', ':', ' ']),
            "a bare password"
        );
        assert!(world.database.accepts(new).await && !world.database.accepts(old).await);
        check_silence(&world, &[old, new]);
        before = after;
    }
}

#[tokio::test]
async fn tags_say_whose_a_bare_password_is_where_the_function_lists_it() {
    let (database, other) = (database().await, database().await);
    let port = database.cluster().port().to_string();
    let listed = format!("{}@localhost:{port}/{}", database.user(), database.name());
    let first = database.password().to_owned();
    let setup = Setup::on(Server::Main).env("TAGS_MAY_CHOOSE", &listed);
    let world = setup.start_with_document(database, &first).await;
    let token = world.stage();
    let unnamed = ["PGUSER", "keywheel:username"];
    world
        .refuses(&token, Step::Create, "LoginUnnamed", &unnamed)
        .await;
    tag(&world, &[("username", world.database.user())]).await;
    let unnamed = ["PGHOST", "keywheel:host"];
    world
        .refuses(&token, Step::Create, "LoginUnnamed", &unnamed)
        .await;
    let place = [
        ("host", "localhost"),
        ("port", &*port),
        ("database", world.database.name()),
    ];
    tag(&world, &place).await;
    // Who may tag the secret does not choose another user, host, port or database.
    for (name, own, wrong) in [
        ("username", world.database.user(), other.user()),
        ("host", "localhost", "evil.example.com"),
        ("port", &*port, "5433"),
        ("database", world.database.name(), "postgres"),
    ] {
        tag(&world, &[(name, wrong)]).await;
        let words = [
            "TAGS_MAY_CHOOSE",
            "keywheel:username, keywheel:host, keywheel:port, keywheel:database",
            wrong,
        ];
        world.refuses(&token, Step::Create, "TagNotAllowed", &words).await;
        tag(&world, &[(name, own)]).await;
    }
    world.steps(&token, &Step::ALL).await.expect("it rotates");
    let second = current(&world).await;
    assert!(world.database.accepts(&second).await && !world.database.accepts(&first).await);
    // Between two steps, too.
    if let Some(version) = world.carrier(&Label::Pending).await {
        world.clean_up(&version).await;
    }
    let token = world.proposed().await;
    tag(&world, &[("username", other.user())]).await;
    for step in [Step::Set, Step::Test, Step::Finish] {
        world
            .refuses(&token, step, "TagNotAllowed", &[other.user()])
            .await;
    }
    assert!(other.accepts(other.password()).await && world.database.accepts(&second).await);
    check_silence(&world, &[&first, &second]);
}

#[tokio::test]
async fn tags_alone_make_no_text_a_password() {
    let database = database().await;
    let port = database.cluster().port().to_string();
    let first = database.password().to_owned();
    let world = Setup::on(Server::Main)
        .start_with_document(database, &first)
        .await;
    let token = world.stage();
    world
        .refuses(
            &token,
            Step::Create,
            "SecretNotJson",
            &["PGUSER", "keywheel:username"],
        )
        .await;
    let tags = [
        ("username", world.database.user()),
        ("host", "localhost"),
        ("port", &*port),
    ];
    tag(&world, &tags).await;
    world
        .refuses(&token, Step::Create, "TagNotAllowed", &["TAGS_MAY_CHOOSE"])
        .await;
}

/// A text that is no password at all, such as a file's, would otherwise be overwritten, and the role's password with it.
#[tokio::test]
async fn no_superuser_resets_a_role_for_a_bare_text_that_does_not_log_in() {
    let database = database().await;
    let (_admin, document, arn) = superuser(&database).await;
    let setup = says(Setup::on(Server::Main).arn_suffix("AbCdEf"), &database).env("SUPERUSER_SECRET", &arn);
    let world = setup
        .start_with_document(database, "not-its-password-at-all")
        .await;
    assert_eq!(world.other_secret("admin", &document).await, arn);
    let token = world.proposed().await;
    let words = ["the superuser role: not used for a bare password"];
    world.refuses(&token, Step::Set, "LoginRefused", &words).await;
    for text in ["two words", "a=1\nb=2", "{\"half\":"] {
        world.write_by_hand(text).await;
        let token = world.stage();
        world.refuses(&token, Step::Create, "SecretNotJson", &[]).await;
    }
}

#[tokio::test]
async fn a_bare_password_has_no_alternating_users() {
    let database = database().await;
    let first = database.password().to_owned();
    let setup = says(Setup::on(Server::Main), &database).function(ALTERNATING);
    let world = setup.start_with_document(database, &first).await;
    let token = world.stage();
    let words = ["which of two alternating users", "rotate-postgres-single-user"];
    world
        .refuses(&token, Step::Create, "BarePasswordAlternates", &words)
        .await;
}

/// The database's document with user and password in Base64, and a member that only looks so.
fn in_base64(document: &Value) -> String {
    let encoded = |key: &str| BASE64.encode(document[key].as_str().expect("a string"));
    format!(
        "{{\"user_note\" : \"QUJD\",\"username\":\"{}\",  \"password\":\"{}\",\"host\":\"localhost\",\"port\":{}, \"dbname\":\"{}\",\"n\":1.10}}",
        encoded("username"),
        encoded("password"),
        document["port"],
        document["dbname"].as_str().expect("a string"),
    )
}

/// A member of the current value, decoded.
async fn decoded(world: &World, key: &str) -> String {
    let document: Value = serde_json::from_str(&current(world).await).expect("it is JSON");
    let bytes = BASE64
        .decode(document[key].as_str().expect("a string"))
        .expect("it is Base64");
    String::from_utf8(bytes).expect("it is text")
}

#[tokio::test]
async fn members_in_base64_are_encoded_again() {
    for function in [keywheel_tests::world::FUNCTION, ALTERNATING] {
        let database = database().await;
        let (_admin, superuser, arn) = superuser(&database).await;
        let before = in_base64(&database.document());
        let (user, first) = (database.user().to_owned(), database.password().to_owned());
        let setup = Setup::on(Server::Main)
            .function(function)
            .arn_suffix("AbCdEf")
            .env("SUPERUSER_SECRET", &arn)
            .env("BASE64_MEMBERS", "username, password");
        let world = setup.start_with_document(database, &before).await;
        assert_eq!(world.other_secret("admin", &superuser).await, arn);
        world
            .test_rotation()
            .await
            .expect("a test rotation finds nothing");
        let mut seen = vec![first.clone()];
        for _ in 0..2 {
            world.rotate().await.expect("it rotates");
            let (now, password) = (
                decoded(&world, "username").await,
                decoded(&world, "password").await,
            );
            assert!(now == user || (function == ALTERNATING && now == format!("{user}_clone")));
            let database = &world.database;
            assert!(database.cluster().accepts(&now, &password, database.name()).await);
            let undone = current(&world)
                .await
                .replacen(&BASE64.encode(&now), &BASE64.encode(&user), 1)
                .replacen(&BASE64.encode(&password), &BASE64.encode(&first), 1);
            assert_eq!(undone, before, "{function}: only the credential has changed");
            seen.push(password);
        }
        check_silence(&world, &seen.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_password_that_is_read_in_the_wrong_way_is_not_reset() {
    for declared in [false, true] {
        let database = database().await;
        let (_admin, superuser, arn) = superuser(&database).await;
        let mut document = database.document();
        let (password, words) = if declared {
            // A password that could be Base64 and is none.
            database.set_password("c2VjcmV0LXBhc3N3b3Jk").await;
            (
                "c2VjcmV0LXBhc3N3b3Jk".to_owned(),
                [
                    "decoded from Base64, and takes it as it is written",
                    "BASE64_MEMBERS",
                ],
            )
        } else {
            let encoded = BASE64.encode(database.password());
            (
                encoded,
                [
                    "as it is written, and takes it decoded from Base64",
                    "BASE64_MEMBERS",
                ],
            )
        };
        document["password"] = password.as_str().into();
        let mut setup = Setup::on(Server::Main)
            .arn_suffix("AbCdEf")
            .env("SUPERUSER_SECRET", &arn);
        if declared {
            setup = setup.env("BASE64_MEMBERS", "password");
        }
        let world = setup.start_with_document(database, &document.to_string()).await;
        assert_eq!(world.other_secret("admin", &superuser).await, arn);
        let verifier = world.database.verifier().await;
        let refused = world.test_rotation().await.expect_err("a test rotation says so");
        assert_eq!(refused.error_type, "PasswordEncoded", "{}", refused.error_message);
        let refused = world.rotate().await.expect_err("a rotation says so");
        assert_eq!(refused.error_type, "PasswordEncoded");
        for word in words {
            assert!(refused.error_message.contains(word), "{}", refused.error_message);
        }
        assert_eq!(world.database.verifier().await, verifier, "it was not reset");
        // What was written in the wrong way blocks no later rotation.
        let pending = world.carrier(&Label::Pending).await;
        assert!(pending.is_none() || pending == world.carrier(&Label::Current).await);
        check_silence(&world, &[&password, world.database.password()]);
    }
}

#[tokio::test]
async fn what_is_no_base64_is_refused_before_anything_is_tried() {
    let database = database().await;
    let document = database.document();
    let setup = Setup::on(Server::Main).env("BASE64_MEMBERS", "password,host");
    let world = setup.start_with_document(database, &document.to_string()).await;
    let token = world.stage();
    world
        .refuses(&token, Step::Create, "SecretFieldInvalid", &["BASE64_MEMBERS"])
        .await;
    let setup = Setup::on(Server::Main).env("BASE64_MEMBERS", "passwort");
    let world = setup.start().await;
    let token = world.stage();
    world
        .refuses(
            &token,
            Step::Create,
            "ConfigurationInvalid",
            &["BASE64_MEMBERS", "passwort"],
        )
        .await;
}
