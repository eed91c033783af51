//! Documents that cannot be relied on, each found out in createSecret, before anything is written.

use aws_sdk_secretsmanager::primitives::Blob;
use keywheel_tests::world::World;
use staging_labels::{Label, Step};
use uuid::Uuid;

/// Texts that are no document. `$` is the password, `@host` where the server is.
const NO_DOCUMENT: &[(&str, &str)] = &[
    (r#"["$"]"#, "array"),
    (r#"[{"username":"u","password":"$"}]"#, "array"),
    (
        "\u{feff}{\"username\":\"u\",\"password\":\"$\"}",
        "byte-order mark",
    ),
    ("$", "neither a JSON object nor a postgres:// URL"),
    (r#""$""#, "a JSON string in quotes"),
    (r#""postgres://u:$@host""#, "a JSON string in quotes"),
    ("null", "neither"),
    ("12345", "neither"),
    (" \n", "empty"),
    (
        r#"{"username":"u","password":"$"#,
        "ends before its object is closed",
    ),
    (
        r#"{"username":"u","password":"$",}"#,
        "malformed at line 1, column",
    ),
    ("{'username':'u','password':'$'}", "malformed at line 1, column 2"),
    (
        r#"{"username":"u","password":"$"}{}"#,
        "followed by something else",
    ),
    ("mysql://u:$@host/d", "looks like a URL"),
    ("jdbc:postgresql://host/d?user=u&password=$", "looks like a URL"),
    ("host=h user=u password=$", "neither"),
];

/// A member that takes the place of the good one of the same key, and what is said of it.
const WRONG: &str = r#"
"password":12345               => `password` is a number
"password":null                => `password` is null
"password":""                  => `password` is empty
"password":["$"]               => `password` is an array
"username":7                   => `username` is a number
"username":null                => `username` is null
"username":""                  => `username` is empty
"host":null                    => `host` is null
"host":1                       => `host` is a number
"host":""                      => `host` is empty
"host":"one,two"               => `host` is a list of several hosts
"host":"localhost:5432"        => `host` is a string with a colon
"host":"/var/run/postgresql"   => `host` is a URL, a path or in brackets
"port":null                    => `port` is null
"port":0                       => `port` is not a port
"port":-1                      => `port` is not a port
"port":65536                   => `port` is not a port
"port":5432.0                  => `port` is not a port
"port":5e3                     => `port` is not a port
"port":""                      => `port` is not a port
"port":"five"                  => `port` is not a port
"port":" 5432"                 => `port` is not a port
"port":true                    => `port` is a boolean
"dbname":null                  => `dbname` is null
"dbname":1                     => `dbname` is a number
"dbname":""                    => `dbname` is empty
"engine":"mysql"               => `engine` is "mysql"
"engine":"sqlserver"           => `engine` is "sqlserver"
"engine":null                  => `engine` is null
"ssl":"yes"                    => `ssl` is "yes"
"ssl":1                        => `ssl` is a number
"ssl":null                     => `ssl` is null
"sslmode":"on"                 => `sslmode` is "on"
"sslmode":false                => `sslmode` is a boolean
"masterarn":null               => `masterarn` is null
"masterarn":{}                 => `masterarn` is an object
"tls_server_name":7            => `tls_server_name` is a number
"#;

/// URLs that drivers read differently, or that say nothing, with code and words.
const URLS: &[(&str, &str, &str)] = &[
    ("postgres://u:$@x@host/d", "SecretUrlInvalid", "`@`"),
    ("postgres://u:$/x@host/d", "SecretUrlInvalid", "`@`"),
    ("postgres://u:$#x@host/d", "SecretUrlInvalid", "`#`"),
    ("postgres://u:$ x@host/d", "SecretUrlInvalid", "white space"),
    (
        "postgres://u:$%zz@host/d",
        "SecretUrlInvalid",
        "two hexadecimal digits",
    ),
    ("postgres://u:$%ff@host/d", "SecretUrlInvalid", "UTF-8"),
    ("postgres://u:$@[::1/d", "SecretUrlInvalid", "brackets"),
    ("postgres://u:$@host?sslmode", "SecretUrlInvalid", "parameter"),
    ("postgres://host/d", "SecretFieldMissing", "`username`"),
    ("postgres://u@host/d", "SecretFieldMissing", "`password`"),
    ("postgres://u:@host/d", "SecretFieldInvalid", "`password`"),
    ("postgres://u:$@one,two/d", "SecretFieldInvalid", "several hosts"),
    ("postgres://u:$@host:0/d", "SecretFieldInvalid", "`port`"),
    (
        "postgres://u:$@host/d?password=x",
        "SecretFieldInvalid",
        "`password`",
    ),
    ("postgres://u:$@host/d?host=x", "SecretFieldInvalid", "`host`"),
    (
        "postgres://u:$@host/d?sslmode=on",
        "SecretFieldInvalid",
        "`sslmode`",
    ),
];

/// Stores `text` by hand as the current value, and lets createSecret refuse it.
async fn refuses_document(world: &World, text: &str, code: &str, words: &[&str]) {
    world
        .put(&text.replace('$', world.database.password()), &[Label::Current])
        .await;
    let token = world.stage();
    world.refuses(&token, Step::Create, code, words).await;
    assert_eq!(world.text_of(&token).await, None, "{code}: nothing is written");
    world.clean_up(&token).await;
}

#[tokio::test]
async fn a_member_that_says_nothing_is_to_be_removed() {
    let world = World::new().await;
    for member in ["dbname", "masterarn"] {
        for nothing in ["null", "\"\""] {
            let text = format!(r#"{{"username": "u", "password": "$", "host": "h", "{member}": {nothing}}}"#);
            let remedy = format!("remove `{member}` from the secret");
            refuses_document(&world, &text, "SecretFieldInvalid", &[&remedy]).await;
        }
    }
}

#[tokio::test]
async fn what_is_no_document_is_said_to_be_what_it_is() {
    let world = World::new().await;
    for (text, words) in NO_DOCUMENT {
        refuses_document(&world, text, "SecretNotJson", &[words, "the secret"]).await;
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_or_value_is_named_in_create_secret() {
    let world = World::new().await;
    let good = [
        r#""engine":"postgres""#,
        r#""host":"localhost""#,
        r#""username":"u""#,
        r#""password":"$""#,
    ];
    let key = |member: &str| member.split(':').next().map(str::to_owned);
    for line in WRONG.trim().lines() {
        let (member, words) = line.split_once("=>").expect("member => words");
        let member = member.trim();
        let mut members: Vec<&str> = good.into_iter().filter(|good| key(good) != key(member)).collect();
        members.push(member);
        let text = format!("{{{}}}", members.join(","));
        refuses_document(
            &world,
            &text,
            "SecretFieldInvalid",
            &[words.trim(), " the secret"],
        )
        .await;
    }
}

#[tokio::test]
async fn a_field_that_is_missing_stands_twice_or_contradicts_another_is_named() {
    let world = World::new().await;
    for (text, code, words) in [
        ("{}", "SecretFieldMissing", "`username`"),
        (r#"{"password":"$"}"#, "SecretFieldMissing", "`username`"),
        (r#"{"username":"u"}"#, "SecretFieldMissing", "`password`"),
        (r#"{"username":"u","password":"$"}"#, "HostMissing", "PGHOST"),
        ("postgres://u:$@/d", "HostMissing", "PGHOST"),
        (
            r#"{"username":"u","password":"$","password":"$"}"#,
            "SecretDuplicateKey",
            "`password` twice",
        ),
        (
            r#"{"username":"u","password":"$","pass\u0077ord":"$"}"#,
            "SecretDuplicateKey",
            "`password` twice",
        ),
        (
            r#"{"username":"u","password":"$","note":1,"note":2}"#,
            "SecretDuplicateKey",
            "twice",
        ),
        (
            r#"{"username":"u","password":"$","dbname":"a","database":"b"}"#,
            "SecretContradictory",
            "`database`",
        ),
        (
            r#"{"username":"u","password":"$","ssl":true,"sslmode":"disable"}"#,
            "SecretContradictory",
            "`sslmode`",
        ),
    ] {
        refuses_document(&world, text, code, &[words]).await;
    }
}

#[tokio::test]
async fn a_url_that_could_be_read_in_two_ways_is_refused() {
    let world = World::new().await;
    for (url, code, words) in URLS {
        refuses_document(&world, url, code, &[words]).await;
    }
}

#[tokio::test]
async fn names_that_postgresql_or_a_certificate_cannot_have_are_refused() {
    let world = World::new().await;
    let long = "x".repeat(64);
    let text = format!(r#"{{"username":"{long}","password":"$","host":"localhost"}}"#);
    refuses_document(&world, &text, "RoleNameInvalid", &["63 bytes", "`username`"]).await;
    // 32 characters, 64 bytes: it is bytes that the server counts.
    let wide = "ü".repeat(32);
    let text = format!(r#"{{"username":"{wide}","password":"$","host":"localhost"}}"#);
    refuses_document(&world, &text, "RoleNameInvalid", &["63 bytes"]).await;
    let text = r#"{"username":"u","password":"$","host":"under_score!"}"#;
    refuses_document(
        &world,
        text,
        "TlsNameInvalid",
        &["under_score!", "tls_server_name"],
    )
    .await;
}

#[tokio::test]
async fn a_document_that_would_grow_too_large_is_refused() {
    let world = World::new().await;
    let rest = r#"{"username":"u","password":"p","host":"localhost","pad":""}"#.len();
    let pad = "x".repeat(65_536 - rest);
    let text = format!(r#"{{"username":"u","password":"p","host":"localhost","pad":"{pad}"}}"#);
    refuses_document(&world, &text, "SecretTooLarge", &["65536", "shorten"]).await;
}

#[tokio::test]
async fn a_binary_value_that_is_no_text_of_a_secret_is_refused() {
    let world = World::new().await;
    let document = format!("\u{feff}{}", world.database.document());
    let put = world
        .client
        .put_secret_value()
        .secret_id(&world.secret)
        .client_request_token(Uuid::new_v4().to_string());
    let put = put.secret_binary(Blob::new(document.into_bytes())).send();
    put.await.expect("a binary value is stored");
    let token = world.stage();
    world
        .refuses(
            &token,
            Step::Create,
            "SecretIsBinary",
            &["binary", "SecretString"],
        )
        .await;
    assert_eq!(world.text_of(&token).await, None);
}

#[tokio::test]
async fn a_bad_pending_value_never_reaches_the_database() {
    let world = World::new().await;
    let good = world.database.document();
    let with = |key: &str, value: serde_json::Value| {
        let mut document = good.clone();
        document[key] = value;
        document.to_string()
    };
    for (text, code, words) in [
        ("not a document".to_owned(), "SecretNotJson", "neither"),
        (with("password", 12345.into()), "SecretFieldInvalid", "`password`"),
        (
            with("username", "postgres".into()),
            "PendingNamesAnotherTarget",
            "`username`",
        ),
        (
            with("host", "127.0.0.1".into()),
            "PendingNamesAnotherTarget",
            "`host`",
        ),
        (
            with("ssl", false.into()),
            "PendingNamesAnotherTarget",
            "`sslmode`",
        ),
    ] {
        let token = world.stage();
        world.put_pending(&token, &text).await;
        let log = world.database.log();
        world.refuses_each(&token, &Step::ALL, code, &[words]).await;
        let log = world.database.log().since(&log).of_role(world.database.user());
        assert_eq!(
            (log.logins(), log.failed_logins()),
            (0, 0),
            "{code}: nobody logs in"
        );
        world.clean_up(&token).await;
    }
}
