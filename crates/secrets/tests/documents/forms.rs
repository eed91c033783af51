//! The forms in which known consumers keep their PostgreSQL secrets, and a few more.

use std::collections::HashMap;

use crate::common::{parse, password, text_of};
use secrets::{PostgresSecret, TlsMode};

/// The consumers' secrets, with a host and a port in the places left for them.
fn consumers() -> HashMap<String, String> {
    #[derive(serde::Deserialize)]
    struct Consumer {
        name: String,
        string: String,
    }
    let consumers: Vec<Consumer> =
        serde_json::from_str(include_str!("../data/forms.json")).expect("the test's own data is JSON");
    let fill = |text: &str| {
        text.replace("{{host}}", "db.example.com")
            .replace("{{port}}", "6432")
    };
    consumers
        .into_iter()
        .map(|consumer| (consumer.name, fill(&consumer.string)))
        .collect()
}

fn consumer(name: &str) -> PostgresSecret {
    parse(&consumers()[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A password in which every form has something to escape.
const AWKWARD: &str = "a\"b\\c/d@e:f?g#h%i j+k&l=m'n\u{1}\t\u{fc}\u{1f980}\u{2028}[]{},";

/// The documents besides the consumers', each with its password written as `secret-password`.
const MORE: [&str; 12] = [
    "{\"username\":\"u\",\"password\":\"secret-password\"}",
    "\r\n{\r\n\t\"password\" :\t\"secret-password\" ,\r\n\t\"username\":\"u\" }\r\n\r\n",
    r#"{"password":"secret-password","username":"u","version":1.10,"big":123456789012345678901234567890}"#,
    r#"{"username":"\u0075","note":"\/\u00fc\ud83e\udd80","password":"secret-password","e":1E+2,"z":-0.0}"#,
    r#"{"a":{"password":"secret-password","b":[{"password":"x","password":"y"}]},"password":"secret-password","username":"u"}"#,
    r#"{"note":"\"password\":\"secret-password\"","username":"u","password":"secret-password"}"#,
    r#"{"username":"u","pass\u0077ord":"secret-password","Password":"other","":null}"#,
    "postgres://u:secret-password@",
    "postgresql://u:secret-password@h?application_name=x%20y&sslmode=verify-full&options=-c%20a%3Db&",
    "POSTGRES://us%65r%40corp:secret-password@[2001:db8::1]:6432/d%2Fb?sslrootcert=/etc/ca.pem",
    " \n postgresql://secret-password:secret-password@secret-password/secret-password\n",
    "postgres://u:secret-password@h:/",
];

#[test]
fn every_form_comes_back_to_the_byte_with_the_same_password() {
    for text in postgres_forms() {
        let secret = parse(&text).unwrap();
        assert_eq!(text_of(secret.password()), "secret-password", "{text}");
        assert_eq!(text_of(secret.text()), text);
        let same = secret.with_password(&password("secret-password")).unwrap();
        assert_eq!(text_of(same.text()), text);
    }
}

#[test]
fn another_password_changes_no_byte_but_its_own() {
    for text in postgres_forms() {
        let secret = parse(&text).unwrap();
        for new in ["x", AWKWARD, "secret-password2", "\\", "\"", "%", "0"] {
            let changed = secret.with_password(&password(new)).unwrap();
            assert_eq!(text_of(changed.password()), new, "{text}");
            // One of the places where the old password stands has the new one, and nothing else changed.
            let written = if text.contains("://") {
                url_encoded(new)
            } else {
                json_encoded(new)
            };
            let candidates: Vec<String> = text
                .match_indices("secret-password")
                .map(|(at, old)| format!("{}{written}{}", &text[..at], &text[at + old.len()..]))
                .collect();
            assert!(
                candidates
                    .iter()
                    .any(|candidate| candidate == text_of(changed.text())),
                "{text} with {new}"
            );
            changed.same_account_as(&secret).unwrap();
            let back = changed.with_password(&password("secret-password")).unwrap();
            assert_eq!(text_of(back.text()), text, "there and back again");
        }
    }
}

fn postgres_forms() -> Vec<String> {
    let consumers = consumers()
        .into_iter()
        .filter(|(name, _)| !name.contains("/integration/") && !name.contains("/auth/"));
    let forms: Vec<String> = consumers
        .map(|(_, text)| text)
        .chain(MORE.map(str::to_owned))
        .collect();
    assert_eq!(
        forms.len(),
        7 + MORE.len(),
        "all consumers but the two with an API key"
    );
    forms
}

fn json_encoded(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn url_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[test]
fn the_consumers_secrets_say_what_they_say() {
    for (name, username, host, port, dbname) in [
        (
            "horizon-epoch/production/postgres",
            "epoch_user",
            true,
            Some(6432),
            Some("production"),
        ),
        (
            "horizon-epoch/production/postgres-hostless",
            "epoch_user",
            false,
            None,
            None,
        ),
        (
            "myapp/dev/connections/database-url",
            "app_user",
            true,
            Some(6432),
            Some("app"),
        ),
        (
            "myapp/prod/rds/connection-info",
            "app_user",
            true,
            Some(6432),
            Some("app"),
        ),
        ("postgresSecrets", "superblocks", true, Some(6432), Some("app")),
        ("TestingSecret", "agent_user", true, Some(6432), None),
        ("prod/db", "svc", true, Some(6432), Some("app")),
    ] {
        let secret = consumer(name);
        assert_eq!(secret.username(), username, "{name}");
        assert_eq!(secret.host(), host.then_some("db.example.com"), "{name}");
        assert_eq!(secret.port(), port, "{name}");
        assert_eq!(secret.dbname(), dbname, "{name}");
        assert_eq!(secret.tls(), None, "{name}");
    }
    assert_eq!(consumer("prod/db").engine(), Some("postgres"));
    assert_eq!(consumer("TestingSecret").engine(), None);
}

#[test]
fn the_consumers_api_keys_are_no_postgresql_secrets() {
    for (name, code) in [
        ("myapp/prod/integration/external-api-key", "SecretNotJson"),
        ("myapp/prod/auth/oauth-config", "SecretFieldMissing"),
    ] {
        let error = parse(&consumers()[name]).unwrap_err();
        assert_eq!(error.code(), code, "{name}");
        assert!(!error.to_string().contains("example-client"), "{error}");
    }
}

#[test]
fn the_rds_document_is_read_whole() {
    let secret = parse(
        r#"{"engine":"aurora-postgresql","host":"h.example.com","username":"app","password":"p","dbname":"d","port":5433,
            "masterarn":"arn:aws:secretsmanager:eu-central-1:000000000000:secret:admin-AbCdEf","ssl":true,
            "tls_server_name":"db.internal"}"#,
    )
    .unwrap();
    assert_eq!(secret.engine(), Some("aurora-postgresql"));
    assert_eq!(
        secret.masterarn(),
        Some("arn:aws:secretsmanager:eu-central-1:000000000000:secret:admin-AbCdEf")
    );
    assert_eq!(secret.tls(), Some(TlsMode::VerifyFull));
    assert_eq!(secret.tls_server_name(), Some("db.internal"));
    assert_eq!(secret.port(), Some(5433));
}

#[test]
fn dbname_and_database_may_both_be_there_if_they_agree() {
    let secret = parse(r#"{"username":"u","password":"p","dbname":"d","database":"d"}"#).unwrap();
    assert_eq!(secret.dbname(), Some("d"));
}

#[test]
fn a_port_is_a_number_or_a_string_of_digits() {
    for (port, expected) in [
        ("1", 1),
        ("65535", 65535),
        ("\"1\"", 1),
        ("\"05432\"", 5432),
        ("\"65535\"", 65535),
    ] {
        let secret = parse(&format!(r#"{{"username":"u","password":"p","port":{port}}}"#)).unwrap();
        assert_eq!(secret.port(), Some(expected), "{port}");
    }
}

#[test]
fn a_host_may_be_a_name_or_an_address() {
    for host in [
        "localhost",
        "DB.Example.COM",
        "10.0.0.1",
        "::1",
        "fe80::1%eth0",
        "b\u{fc}ro.example",
        "db.example.com.",
    ] {
        let secret = parse(&format!(r#"{{"username":"u","password":"p","host":"{host}"}}"#)).unwrap();
        assert_eq!(secret.host(), Some(host));
    }
}

#[test]
fn the_parts_of_a_url_are_decoded() {
    let secret = parse("postgresql://us%65r%40corp:p%C3%BC+%20%25@[fe80::1%25eth0]:6432/d%2Fb?x=y").unwrap();
    assert_eq!(secret.username(), "user@corp");
    assert_eq!(text_of(secret.password()), "p\u{fc}+ %");
    assert_eq!(secret.host(), Some("fe80::1%eth0"));
    assert_eq!(secret.port(), Some(6432));
    assert_eq!(secret.dbname(), Some("d/b"));
    assert_eq!(secret.engine(), None);
}

#[test]
fn a_url_needs_neither_host_nor_port_nor_database() {
    for (url, host, port, dbname) in [
        ("postgres://u:p@", None, None, None),
        ("postgres://u:p@/", None, None, None),
        ("postgres://u:p@/d", None, None, Some("d")),
        ("postgres://u:p@h", Some("h"), None, None),
        ("postgres://u:p@h:", Some("h"), None, None),
        ("postgres://u:p@h:1/", Some("h"), Some(1), None),
        ("postgres://u:p@:1", None, Some(1), None),
        ("postgres://u:p@h?ssl=true", Some("h"), None, None),
        ("postgres://u:p@[::1]", Some("::1"), None, None),
    ] {
        let secret = parse(url).unwrap();
        assert_eq!(
            (secret.host(), secret.port(), secret.dbname()),
            (host, port, dbname),
            "{url}"
        );
    }
}

#[test]
fn a_colon_in_a_urls_password_belongs_to_the_password() {
    assert_eq!(text_of(parse("postgres://u:a:b@h").unwrap().password()), "a:b");
}

#[test]
fn a_password_that_was_written_in_another_spelling_keeps_it_while_it_stays_the_same() {
    for (text, same) in [
        (r#"{"username":"u","password":"\u0073ecret\/"}"#, "secret/"),
        ("postgres://u:s%65cret!@h", "secret!"),
    ] {
        let secret = parse(text).unwrap();
        assert_eq!(
            text_of(secret.with_password(&password(same)).unwrap().text()),
            text
        );
    }
}

#[test]
fn a_replaced_password_stands_in_its_place_in_full() {
    let secret = parse("postgres://u:p@h/d")
        .unwrap()
        .with_password(&password(AWKWARD))
        .unwrap();
    assert_eq!(
        text_of(secret.text()),
        "postgres://u:a%22b%5Cc%2Fd%40e%3Af%3Fg%23h%25i%20j%2Bk%26l%3Dm%27n%01%09%C3%BC%F0%9F%A6%80%E2%80%A8%5B%5D%7B%7D%2C@h/d"
    );
    let secret = parse(r#"{"password":"p","username":"u"}"#)
        .unwrap()
        .with_password(&password("\"\\\n\u{1}\u{fc}/"))
        .unwrap();
    assert_eq!(
        text_of(secret.text()),
        r#"{"password":"\"\\\n\u0001ü/","username":"u"}"#
    );
}

#[test]
fn another_user_changes_the_bytes_of_user_and_password_alone_and_changes_back() {
    for text in postgres_forms() {
        let secret = parse(&text).unwrap();
        let (user, old) = (secret.username().to_owned(), password("secret-password"));
        for other in ["u_clone", AWKWARD.trim_matches('\u{1}'), &user] {
            let changed = secret.with_credentials(other, &password(AWKWARD)).unwrap();
            assert_eq!(changed.username(), other, "{text}");
            assert_eq!(text_of(changed.password()), AWKWARD, "{text}");
            assert_eq!(changed.same_place_as(&secret), Ok(()), "{text}");
            assert_eq!(
                changed.same_account_as(&secret).is_ok(),
                other == user,
                "{text}: {other}"
            );
            let back = changed.with_credentials(&user, &old).unwrap();
            assert_eq!(back.username(), user);
            // A name that was spelled in a roundabout way (`\u0075`, `%65`) comes back as plain as it can be.
            if !text.contains(r"\u0075") && !text.contains("%65") {
                assert_eq!(text_of(back.text()), text);
            }
        }
    }
}

#[test]
fn a_user_that_no_document_can_have_is_refused() {
    let secret = parse(r#"{"username":"u","password":"secret-password"}"#).unwrap();
    for name in ["", "a\0b"] {
        assert!(secret.with_credentials(name, &password("x")).is_err(), "{name:?}");
    }
}
