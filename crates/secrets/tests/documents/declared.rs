//! Secrets that do not say everything themselves: a bare password, and members in Base64.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use secrets::{CopyRules, Declared, DocumentError, Login, NotJson, PostgresSecret};

use crate::common::{password, text_of};

fn bare() -> Declared {
    Declared {
        login: Some(Login {
            username: "app".to_owned(),
            host: "db.example.com".to_owned(),
            port: Some(6432),
            dbname: None,
        }),
        base64: BTreeSet::new(),
    }
}

fn base64(members: &[&str]) -> Declared {
    Declared {
        login: None,
        base64: members.iter().map(|member| (*member).to_owned()).collect(),
    }
}

fn read(text: &str, declared: &Declared) -> Result<PostgresSecret, DocumentError> {
    PostgresSecret::parse_declared(&text.into(), declared)
}

#[test]
fn a_bare_password_has_the_login_that_is_declared() {
    let secret = read(" old-password\r\n", &bare()).unwrap();
    assert!(secret.is_bare());
    assert_eq!(
        (secret.username(), secret.host(), secret.port()),
        ("app", Some("db.example.com"), Some(6432))
    );
    assert_eq!(*secret.password(), password("old-password"));
    let next = secret
        .rotated("app", &password("new"), &CopyRules::default())
        .unwrap()
        .secret;
    assert_eq!(text_of(next.text()), " new\r\n");
    next.same_account_as(&secret).unwrap();
    assert!(secret.with_credentials("app_clone", &password("new")).is_err());
}

#[test]
fn what_is_declared_changes_no_other_form() {
    for text in [
        r#"{"username":"u","password":"p","host":"h"}"#,
        "postgres://u:p@h/d",
    ] {
        let secret = read(text, &bare()).unwrap();
        assert!(!secret.is_bare());
        assert_eq!((secret.username(), secret.host()), ("u", Some("h")));
    }
}

#[test]
fn what_may_be_something_else_is_no_bare_password() {
    for (text, code) in [
        ("two words", "Words"),
        ("A=1\nB=2", "Words"),
        ("tab\tin", "Words"),
        ("", "Empty"),
        (" \n", "Empty"),
        ("{brace", "EndsEarly"),
        ("[bracket", "Array"),
        ("\"quoted\"", "String"),
        ("mysql://u:p@h", "ForeignUrl"),
        ("\u{feff}bom", "ByteOrderMark"),
    ] {
        match read(text, &bare()).unwrap_err() {
            DocumentError::NotJson(what) => {
                let what = format!("{what:?}");
                assert!(
                    what.starts_with(code) || code == "EndsEarly" && what.starts_with("Syntax"),
                    "{text:?}: {what}"
                );
            }
            other => panic!("{text:?}: {other}"),
        }
    }
    // Without a declaration it stays what it was.
    let refused = PostgresSecret::parse(&"word".into()).unwrap_err();
    assert_eq!(refused, DocumentError::NotJson(NotJson::Text));
    assert!(refused.remedy().contains("PGUSER") && refused.remedy().contains("keywheel:username"));
}

#[test]
fn members_in_base64_are_encoded_again_and_the_rest_stays() {
    let before =
        r#"{"username":"YXBw", "password":"b2xkLXBhc3N3b3Jk","host":"aA","port":5432,"note":"YXBw"}"#;
    let secret = read(before, &base64(&["username", "password", "host"])).unwrap();
    assert_eq!((secret.username(), secret.host()), ("app", Some("h")));
    assert_eq!(*secret.password(), password("old-password"));
    let next = secret
        .rotated("app_clone", &password("new"), &CopyRules::default())
        .unwrap()
        .secret;
    assert_eq!(
        text_of(next.text()),
        r#"{"username":"YXBwX2Nsb25l", "password":"bmV3","host":"aA","port":5432,"note":"YXBw"}"#
    );
    assert_eq!(
        text_of(secret.with_password(&password("old-password")).unwrap().text()),
        before
    );
    let refused = read(r#"{"username":"app","password":"p!"}"#, &base64(&["password"])).unwrap_err();
    assert_eq!(refused.code(), "SecretFieldInvalid");
    assert!(!format!("{refused} {refused:?}").contains("p!") && refused.remedy().contains("BASE64_MEMBERS"));
}

#[test]
fn a_password_can_be_read_otherwise_if_it_makes_sense_so() {
    let written = |text: &str, members: &[&str]| {
        let text = format!(r#"{{"username":"app","password":"{text}"}}"#);
        read(&text, &base64(members)).unwrap().password_read_otherwise()
    };
    assert_eq!(written("b2xkLXBhc3N3b3Jk", &[]), Some(password("old-password")));
    assert_eq!(
        written("b2xkLXBhc3N3b3Jk", &["password"]),
        Some(password("b2xkLXBhc3N3b3Jk"))
    );
    for text in ["old-password!", "AAAA", "//79"] {
        assert_eq!(written(text, &[]), None, "{text}");
    }
}

proptest! {
    #[test]
    fn a_bare_password_that_is_written_is_read_again(
        old in "[!-z|~][!-~]{0,40}", new in "[^\\s\\p{C}{\\[\": ]{1,40}", around in "[ \t\r\n]{0,3}",
    ) {
        prop_assume!(!old.starts_with(['[', '"']) && !old.contains("://"));
        let text = format!("{around}{old}{around}");
        let secret = read(&text, &bare()).unwrap();
        let next = secret.with_password(&password(&new)).unwrap();
        prop_assert_eq!(text_of(next.text()), format!("{around}{new}{around}"));
        let again = secret.parse_like(next.text()).unwrap();
        prop_assert_eq!(again.password(), &password(&new));
        prop_assert!(again.is_bare());
    }

    #[test]
    fn a_password_in_base64_that_is_written_is_read_again(old in "\\PC{1,40}", new in "\\PC{1,40}", space in "[ \t\r\n]{0,3}") {
        let member = |text: &str| STANDARD.encode(text);
        let text = |password: &str| format!("{{{space}\"password\":{space}\"{}\",\"username\":\"app\",\"n\":1.50}}", member(password));
        let secret = read(&text(&old), &base64(&["password"])).unwrap();
        prop_assert_eq!(secret.password(), &password(&old));
        let next = secret.with_password(&password(&new)).unwrap();
        prop_assert_eq!(text_of(next.text()), text(&new));
        let again = secret.parse_like(next.text()).unwrap();
        prop_assert_eq!(again.password(), &password(&new));
    }

    /// No text whatever makes it panic, and no error quotes a piece of it.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        for declared in [bare(), base64(&["username", "password", "host", "port", "ssl", "dbname"])] {
            if let Ok(secret) = read(&text, &declared) {
                prop_assert_eq!(text_of(secret.text()), &*text);
            }
        }
    }
}
