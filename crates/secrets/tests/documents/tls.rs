//! What a document says of TLS is obeyed, and nothing less is read into it.

use crate::common::parse;
use secrets::TlsMode::{Disable, VerifyCa, VerifyFull};
use secrets::{DocumentError, TlsMode};

fn in_json(members: &str) -> Result<Option<TlsMode>, DocumentError> {
    parse(&format!(r#"{{"username":"u","password":"p"{members}}}"#)).map(|secret| secret.tls())
}

fn in_url(parameters: &str) -> Result<Option<TlsMode>, DocumentError> {
    parse(&format!("postgres://u:p@h/d?{parameters}")).map(|secret| secret.tls())
}

/// Each `sslmode` of libpq, and how it is read.
const MODES: [(&str, TlsMode); 8] = [
    ("disable", Disable),
    ("allow", VerifyFull),
    ("prefer", VerifyFull),
    ("require", VerifyFull),
    ("verify-ca", VerifyCa),
    ("verify-full", VerifyFull),
    ("DISABLE", Disable),
    ("Verify-CA", VerifyCa),
];

#[test]
fn a_silent_document_leaves_the_mode_open() {
    assert_eq!(in_json(""), Ok(None));
    assert_eq!(in_url(""), Ok(None));
    assert_eq!(in_url("sslrootcert=x&gssencmode=disable"), Ok(None));
}

#[test]
fn ssl_is_true_or_false_as_a_boolean_or_as_a_word_in_any_case() {
    for (spelling, mode) in [
        ("true", VerifyFull),
        ("false", Disable),
        (r#""true""#, VerifyFull),
        (r#""TRUE""#, VerifyFull),
        (r#""False""#, Disable),
    ] {
        assert_eq!(
            in_json(&format!(r#","ssl":{spelling}"#)),
            Ok(Some(mode)),
            "{spelling}"
        );
    }
    assert_eq!(in_url("ssl=true"), Ok(Some(VerifyFull)));
    assert_eq!(in_url("ssl=False"), Ok(Some(Disable)));
}

#[test]
fn any_other_ssl_is_an_error_and_no_silent_downgrade() {
    for spelling in [
        r#""yes""#,
        r#""no""#,
        "1",
        "0",
        r#""""#,
        r#"" true""#,
        "null",
        "[]",
        "{}",
        r#""require""#,
    ] {
        let error = in_json(&format!(r#","ssl":{spelling}"#)).unwrap_err();
        assert_eq!(error.code(), "SecretFieldInvalid", "{spelling}");
        assert!(
            error.to_string().contains("`ssl`") && error.remedy().contains("true or false"),
            "{error}"
        );
    }
    for value in ["1", "", "no-verify", "require", "tru%65%20"] {
        assert_eq!(
            in_url(&format!("ssl={value}")).unwrap_err().code(),
            "SecretFieldInvalid",
            "{value}"
        );
    }
}

#[test]
fn every_sslmode_is_read_in_both_forms_and_never_as_unverified_tls() {
    for (word, mode) in MODES {
        assert_eq!(
            in_json(&format!(r#","sslmode":"{word}""#)),
            Ok(Some(mode)),
            "{word}"
        );
        assert_eq!(
            in_url(&format!("x=1&sslmode={word}&y=2")),
            Ok(Some(mode)),
            "{word}"
        );
        assert_eq!(TlsMode::from_sslmode(mode.as_str()), Some(mode));
    }
}

#[test]
fn an_unknown_sslmode_is_an_error() {
    for value in [r#""no-verify""#, r#""verify_full""#, r#""""#, "null", "true", "1"] {
        let error = in_json(&format!(r#","sslmode":{value}"#)).unwrap_err();
        assert_eq!(error.code(), "SecretFieldInvalid", "{value}");
        assert!(error.remedy().contains("verify-full"), "{}", error.remedy());
    }
    assert_eq!(
        in_url("sslmode=no-verify").unwrap_err().code(),
        "SecretFieldInvalid"
    );
}

#[test]
fn ssl_and_sslmode_must_agree() {
    for (word, mode) in MODES {
        for (ssl, agree) in [(true, mode != Disable), (false, mode == Disable)] {
            let expected = if agree {
                Ok(Some(mode))
            } else {
                Err(DocumentError::Contradictory {
                    one: "ssl".to_owned(),
                    other: "sslmode".to_owned(),
                })
            };
            assert_eq!(
                in_json(&format!(r#","ssl":{ssl},"sslmode":"{word}""#)),
                expected,
                "{ssl} {word}"
            );
            assert_eq!(
                in_url(&format!("sslmode={word}&ssl={ssl}")),
                expected,
                "{ssl} {word}"
            );
        }
    }
}

#[test]
fn a_parameter_given_twice_is_refused_even_if_it_agrees() {
    for parameters in [
        "ssl=true&ssl=true",
        "sslmode=disable&sslmode=require",
        "sslmode=disable&ssl%6Dode=disable",
    ] {
        assert_eq!(
            in_url(parameters).unwrap_err().code(),
            "SecretDuplicateKey",
            "{parameters}"
        );
    }
}
