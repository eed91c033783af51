//! Bad documents: each is refused with an error of its own, which quotes nothing it must not.

use std::collections::BTreeSet;

use crate::common::{parse, password};
use secrets::{MAX_BYTES, NotJson, PostgresSecret, UrlProblem, codes};

/// Stands in the place of every password below.
const CANARY: &str = "c4n4ry-Qz7";

/// Checks that `text`, in which `$` is the password, is refused with this code and text.
#[track_caller]
fn refused(text: &str, code: &str, message: &str) {
    let error = parse(&text.replace('$', CANARY)).expect_err(text);
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (code, message),
        "{text}"
    );
    assert!(codes().contains(&code));
    let remedy = error.remedy();
    assert!(
        remedy.starts_with(char::is_lowercase) && !remedy.ends_with('.'),
        "{remedy}"
    );
    assert!(
        message.starts_with(char::is_lowercase) && !message.ends_with('.'),
        "{message}"
    );
    let shown = format!("{error} {error:?} {remedy}");
    assert!(!shown.contains(CANARY), "{shown}");
}

/// The shortest way out of a member that says nothing.
#[test]
fn a_member_that_may_be_missing_and_says_nothing_is_to_be_removed() {
    for field in [
        "dbname",
        "database",
        "masterarn",
        "ownerrole",
        "host",
        "tls_server_name",
        "engine",
    ] {
        for nothing in ["null", "\"\""] {
            let text = format!("{{\"username\":\"u\",\"password\":\"p\",\"{field}\":{nothing}}}");
            let remedy = parse(&text).expect_err(&text).remedy();
            assert!(
                remedy.starts_with(&format!("remove `{field}` from the secret")),
                "{text}: {remedy}"
            );
        }
    }
    let remedy = parse("{\"username\":\"u\",\"password\":null}")
        .expect_err("it is required")
        .remedy();
    assert!(remedy.starts_with("change `password`"), "{remedy}");
}

#[test]
fn what_is_no_json_object_is_said_to_be_what_it_is() {
    for (text, message) in [
        ("", "the secret is empty"),
        (" \r\n\t", "the secret is empty"),
        (
            "\u{feff}{\"username\":\"u\",\"password\":\"$\"}",
            "the secret begins with a byte-order mark",
        ),
        (
            "\u{feff}postgres://u:$@h",
            "the secret begins with a byte-order mark",
        ),
        (
            "[{\"username\":\"u\",\"password\":\"$\"}]",
            "the secret is a JSON array, not an object",
        ),
        (
            "\"postgres://u:$@h\"",
            "the secret is a JSON string in quotes, not an object",
        ),
        ("\"$\"", "the secret is a JSON string in quotes, not an object"),
        ("$", "the secret is neither a JSON object nor a postgres:// URL"),
        (
            "null",
            "the secret is neither a JSON object nor a postgres:// URL",
        ),
        (
            "5432",
            "the secret is neither a JSON object nor a postgres:// URL",
        ),
        (
            "host=h user=u password=$",
            "the secret is neither a JSON object nor a postgres:// URL",
        ),
        (
            "mysql://u:$@h/d",
            "the secret looks like a URL, but not one that begins with postgres:// or postgresql://",
        ),
        (
            "jdbc:postgresql://h/d?user=u&password=$",
            "the secret looks like a URL, but not one that begins with postgres:// or postgresql://",
        ),
        (
            "{\"username\":\"u\",\"password\":\"$",
            "the JSON of the secret ends before its object is closed",
        ),
        (
            "{\"username\":\"u\",\"password\":\"$\",",
            "the JSON of the secret ends before its object is closed",
        ),
        (
            "{'username':'u','password':'$'}",
            "the JSON of the secret is malformed at line 1, column 2",
        ),
        (
            "{\"username\":\"u\",\n\"password\":$}",
            "the JSON of the secret is malformed at line 2, column 12",
        ),
        (
            "{\"username\":\"u\",\"password\":\"$\",}",
            "the JSON of the secret is malformed at line 1, column 41",
        ),
        (
            "{\"username\":\"u\",\"password\":\"$\"} x",
            "the JSON of the secret is followed by something else",
        ),
        (
            "{\"username\":\"u\",\"password\":\"$\"}{}",
            "the JSON of the secret is followed by something else",
        ),
    ] {
        refused(text, "SecretNotJson", message);
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_however_it_is_spelled() {
    for (members, message) in [
        (
            r#""password":"$","password":"$""#,
            "the secret has `password` twice",
        ),
        (
            r#""password":"$","pass\u0077ord":"$""#,
            "the secret has `password` twice",
        ),
        (
            r#""password":"$","host":"a","host":"a""#,
            "the secret has `host` twice",
        ),
        (
            r#""password":"$","$":1,"$":1"#,
            "the secret has its key number 4 twice",
        ),
    ] {
        refused(
            &format!(r#"{{"username":"u",{members}}}"#),
            "SecretDuplicateKey",
            message,
        );
    }
}

#[test]
fn user_and_password_are_needed() {
    for (text, message) in [
        ("{}", "the secret has no `username`"),
        (r#"{"password":"$"}"#, "the secret has no `username`"),
        (r#"{"username":"u"}"#, "the secret has no `password`"),
        (r#"{"user":"u","password":"$"}"#, "the secret has no `username`"),
        (
            r#"{"Username":"u","password":"$"}"#,
            "the secret has no `username`",
        ),
        ("postgres://h/d", "the secret has no `username`"),
        ("postgres://", "the secret has no `username`"),
        ("postgres://u@h/d", "the secret has no `password`"),
    ] {
        refused(text, "SecretFieldMissing", message);
    }
}

/// A member of the document, and what is said of it.
const WRONG: &str = r#"
"password":12345            => `password` is a number
"password":null             => `password` is null
"password":true             => `password` is a boolean
"password":["$"]            => `password` is an array
"password":{"a":"$"}        => `password` is an object
"password":""               => `password` is empty
"password":"$\u0000"        => `password` is a string with the character U+0000
"password":"$\ud800"        => `password` is a string with half of a surrogate pair
"username":""               => `username` is empty
"username":7                => `username` is a number
"username":"\u0000"         => `username` is a string with the character U+0000
"host":null                 => `host` is null
"host":1                    => `host` is a number
"host":""                   => `host` is empty
"host":"a b"                => `host` is a string with white space or a control character
"host":"a\n"                => `host` is a string with white space or a control character
"host":"a,b"                => `host` is a list of several hosts
"host":"a:5432"             => `host` is a string with a colon, but no IPv6 address
"host":"/var/run/postgresql"=> `host` is a URL, a path or in brackets
"host":"postgres://u:$@h"   => `host` is a URL, a path or in brackets
"host":"[::1]"              => `host` is a URL, a path or in brackets
"tls_server_name":null      => `tls_server_name` is null
"tls_server_name":""        => `tls_server_name` is empty
"dbname":null               => `dbname` is null
"database":""               => `database` is empty
"dbname":"a\u0000b"         => `dbname` is a string with the character U+0000
"masterarn":{}              => `masterarn` is an object
"masterarn":""              => `masterarn` is empty
"masterarn":"admin"         => `masterarn` is not the ARN of a secret
"masterarn":"arn:aws:s3:::bucket" => `masterarn` is not the ARN of a secret
"masterarn":"arn:aws:secretsmanager:r:1:secret:" => `masterarn` is not the ARN of a secret
"masterarn":"arn:aws:secretsmanager:r:1:secret:a\nb" => `masterarn` is not the ARN of a secret
"masterarn":"{\"password\":\"$\"}" => `masterarn` is not the ARN of a secret
"ownerrole":null            => `ownerrole` is null
"ownerrole":""              => `ownerrole` is empty
"engine":"mysql"            => `engine` is "mysql"
"engine":"Postgres"         => `engine` is "Postgres"
"engine":null               => `engine` is null
"port":null                 => `port` is null
"port":[5432]               => `port` is an array
"#;

#[test]
fn a_field_of_the_wrong_type_or_value_is_named() {
    for line in WRONG.trim().lines() {
        let (member, message) = line.split_once("=>").unwrap();
        let (member, message) = (member.trim(), format!("the secret's {}", message.trim()));
        // The member takes the place of the good one of the same key.
        let good = [r#""username":"u""#, r#""password":"$""#].map(|good| {
            let same_key = good.split(':').next() == member.split(':').next();
            if same_key { "" } else { good }
        });
        let members: Vec<&str> = good
            .into_iter()
            .chain([member])
            .filter(|member| !member.is_empty())
            .collect();
        refused(
            &format!("{{{}}}", members.join(",")),
            "SecretFieldInvalid",
            &message,
        );
    }
}

#[test]
fn a_port_that_is_none_is_refused() {
    for port in [
        "0",
        "70000",
        "65536",
        "-1",
        "5432.0",
        "5.4e3",
        "\"\"",
        "\"0\"",
        "\"abc\"",
        "\" 5432\"",
        "\"+5432\"",
        "\"54 32\"",
    ] {
        let text = format!(r#"{{"username":"u","password":"$","port":{port}}}"#);
        refused(&text, "SecretFieldInvalid", "the secret's `port` is not a port");
    }
    for port in ["0", "70000", "abc", "-1", "5432x", "99999999999"] {
        let text = format!("postgres://u:$@h:{port}/d");
        refused(&text, "SecretFieldInvalid", "the secret's `port` is not a port");
    }
}

#[test]
fn two_names_of_the_database_that_differ_are_refused() {
    refused(
        r#"{"username":"u","password":"$","dbname":"a","database":"b"}"#,
        "SecretContradictory",
        "the secret's `dbname` and `database` contradict each other",
    );
}

#[test]
fn the_engine_of_another_database_is_named_before_anything_else() {
    refused(
        r#"{"engine":"mysql","host":null}"#,
        "SecretFieldInvalid",
        "the secret's `engine` is \"mysql\"",
    );
}

#[test]
fn a_url_that_drivers_read_differently_is_refused() {
    let delimiter =
        "the URL in the secret has another `@` than the one before the host, or a `/` or `?` before it";
    for (url, message) in [
        ("postgres://u:$@x@h/d", delimiter),
        ("postgres://u:$/x@h/d", delimiter),
        ("postgres://u:$?x@h/d", delimiter),
        ("postgres://u:x@x/$@h/d", delimiter),
        ("postgres://u:x@y/z?sslmode=$@h/d", delimiter),
        (
            "postgres://u:$#x@h/d",
            "the URL in the secret contains a `#` that is not percent-encoded",
        ),
        (
            "postgres://u:$ x@h/d",
            "the URL in the secret contains white space or a control character",
        ),
        (
            "postgres://u:$\n@h/d",
            "the URL in the secret contains white space or a control character",
        ),
        (
            "postgres://u:$\u{a0}@h/d",
            "the URL in the secret contains white space or a control character",
        ),
        (
            "postgres://u:$%@h/d",
            "the URL in the secret has a `%` in its password that is not followed by two hexadecimal digits",
        ),
        (
            "postgres://u:$%4@h/d",
            "the URL in the secret has a `%` in its password that is not followed by two hexadecimal digits",
        ),
        (
            "postgres://u:$%zz@h/d",
            "the URL in the secret has a `%` in its password that is not followed by two hexadecimal digits",
        ),
        (
            "postgres://u:$%+1@h/d",
            "the URL in the secret has a `%` in its password that is not followed by two hexadecimal digits",
        ),
        (
            "postgres://u:$%ff@h/d",
            "the URL in the secret has percent-encoded bytes in its password that are not UTF-8",
        ),
        (
            "postgres://%ff:$@h/d",
            "the URL in the secret has percent-encoded bytes in its username that are not UTF-8",
        ),
        (
            "postgres://u:$@[::1/d",
            "the URL in the secret has brackets in its host that do not enclose an IPv6 address",
        ),
        (
            "postgres://u:$@[::1]5432",
            "the URL in the secret has brackets in its host that do not enclose an IPv6 address",
        ),
        (
            "postgres://u:$@[h]",
            "the URL in the secret has brackets in its host that do not enclose an IPv6 address",
        ),
        (
            "postgres://u:$@h?sslmode",
            "the URL in the secret has a parameter without a value",
        ),
    ] {
        refused(url, "SecretUrlInvalid", message);
    }
}

#[test]
fn a_value_in_a_url_that_means_nothing_is_named() {
    for (url, message) in [
        ("postgres://u:@h", "the secret's `password` is empty"),
        ("postgres://:$@h", "the secret's `username` is empty"),
        (
            "postgres://u:$%00@h",
            "the secret's `password` is a string with the character U+0000",
        ),
        (
            "postgres://u:$@h1,h2/d",
            "the secret's `host` is a list of several hosts",
        ),
        (
            "postgres://u:$@h1:1,h2:2/d",
            "the secret's `host` is a list of several hosts",
        ),
        (
            "postgres://u:$@h1%2Ch2/d",
            "the secret's `host` is a list of several hosts",
        ),
        (
            "postgres://u:$@::1/d",
            "the secret's `host` is an IPv6 address without brackets",
        ),
        (
            "postgres://u:$@%2Fvar%2Frun/d",
            "the secret's `host` is a URL, a path or in brackets",
        ),
        (
            "postgres://u:$@h/d?host=other",
            "the secret's `host` is given as a parameter",
        ),
        (
            "postgres://u:$@h/d?x=1&passw%6Frd=other",
            "the secret's `password` is given as a parameter",
        ),
        (
            "postgres://u:$@h/d?user=other",
            "the secret's `user` is given as a parameter",
        ),
        (
            "postgres://u:$@/d?hostaddr=10.0.0.1",
            "the secret's `hostaddr` is given as a parameter",
        ),
        (
            "postgres://u:$@h/d?sslmode=on",
            "the secret's `sslmode` is \"on\"",
        ),
    ] {
        refused(url, "SecretFieldInvalid", message);
    }
}

#[test]
fn a_document_may_be_as_large_as_a_secret_and_no_larger() {
    let document = |bytes: usize| {
        let rest = r#"{"username":"u","password":"p","pad":""}"#.len();
        format!(
            r#"{{"username":"u","password":"p","pad":"{}"}}"#,
            "x".repeat(bytes - rest)
        )
    };
    let largest = parse(&document(MAX_BYTES)).unwrap();
    assert!(largest.with_password(&password("q")).is_ok());
    for (result, bytes) in [
        (largest.with_password(&password("pp")), MAX_BYTES + 1),
        (largest.with_password(&password("\n")), MAX_BYTES + 1),
        (parse(&document(MAX_BYTES + 1)), MAX_BYTES + 1),
        (parse(&"x".repeat(MAX_BYTES * 2)), MAX_BYTES * 2),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.code(), "SecretTooLarge");
        assert_eq!(
            error.to_string(),
            format!("the secret has {bytes} bytes, more than the 65536 of a secret's value")
        );
    }
}

#[test]
fn a_password_that_postgresql_cannot_take_is_not_written() {
    for form in [r#"{"username":"u","password":"p"}"#, "postgres://u:p@h"] {
        let secret = parse(form).unwrap();
        for bad in ["", "a\0b"] {
            let error = secret.with_password(&password(bad)).unwrap_err();
            assert_eq!(error.code(), "SecretFieldInvalid", "{error}");
        }
    }
}

#[test]
fn deep_nesting_is_no_danger() {
    let deep = |open: &str, close: &str| {
        format!(
            r#"{{"username":"u","deep":{}{},"password":"p"}}"#,
            open.repeat(8000),
            close.repeat(8000)
        )
    };
    assert!(parse(&deep("[", "]")).is_ok());
    assert!(parse(&deep("{\"a\":", "")).is_err());
}

#[test]
fn debug_and_display_of_a_secret_hide_the_password_and_the_text() {
    let json = format!(r#"{{"username":"u","password":"{CANARY}","apiKey":"unread-value","host":"h"}}"#);
    let url = format!("postgres://u:{CANARY}@h/d?token=unread-value");
    for text in [json, url] {
        let secret: PostgresSecret = parse(&text).unwrap();
        let pending = secret.with_password(&password(&format!("{CANARY}2"))).unwrap();
        let shown = format!(
            "{secret:?} {secret:#?} {pending:?} {:?} {:?}",
            secret.password(),
            secret.text()
        );
        assert!(
            !shown.contains(CANARY) && !shown.contains("unread-value"),
            "{shown}"
        );
        assert!(shown.contains("username: \"u\""), "{shown}");
    }
}

#[test]
fn every_listed_code_occurs() {
    let mut seen: BTreeSet<&str> = [
        r#"{"username":"u","password":"p","dbname":"a","database":"b"}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"username":1}"#,
        "{}",
        "",
        &" ".repeat(MAX_BYTES + 1),
        "postgres://u:p@h#",
    ]
    .iter()
    .map(|text| parse(text).unwrap_err().code())
    .collect();
    let (one, other) = (
        parse("postgres://a:p@h").unwrap(),
        parse("postgres://b:p@h").unwrap(),
    );
    seen.insert(one.same_account_as(&other).unwrap_err().code());
    assert_eq!(seen, codes().into_iter().collect());
    // The kinds within a code are public too.
    assert_ne!(NotJson::Text.to_string(), UrlProblem::Fragment.to_string());
}
