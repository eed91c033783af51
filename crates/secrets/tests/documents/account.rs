//! A pending version must name the account of the current one.

use crate::common::parse;
use secrets::PostgresSecret;

const CURRENT: &str = r#"{"engine":"postgres","username":"app","password":"old","host":"Db.example.com","port":5432,"dbname":"d","masterarn":"arn:aws:secretsmanager:eu-central-1:000000000000:secret:a-AbCdEf","ssl":true,"tls_server_name":"t","ownerrole":"o"}"#;

fn current() -> PostgresSecret {
    parse(CURRENT).expect("the test's own document is good")
}

#[test]
fn the_same_account_in_another_spelling_is_the_same() {
    for (from, to) in [
        (r#""old""#, r#""new""#),
        ("Db.example.com", "dB.EXAMPLE.com"),
        (r#""port":5432"#, r#""port":"5432""#),
        (r#""port":5432,"#, ""),
        (r#""dbname":"d""#, r#""database":"d""#),
        (r#""ssl":true"#, r#""sslmode":"require""#),
        (r#""engine""#, r#""note":"x","engine""#),
    ] {
        assert!(CURRENT.contains(from), "{from}");
        let pending = parse(&CURRENT.replace(from, to)).unwrap();
        assert_eq!(pending.same_account_as(&current()), Ok(()), "{from} to {to}");
        assert_eq!(current().same_account_as(&pending), Ok(()), "{to} to {from}");
    }
}

#[test]
fn another_account_is_refused_by_the_field_that_differs() {
    for (from, to, field) in [
        (r#""app""#, r#""App""#, "username"),
        ("Db.example.com", "db2.example.com", "host"),
        (r#""host":"Db.example.com","#, "", "host"),
        ("5432", "5433", "port"),
        (r#""dbname":"d""#, r#""dbname":"D""#, "dbname"),
        (r#""dbname":"d","#, "", "dbname"),
        ("secret:a-AbCdEf", "secret:b-AbCdEf", "masterarn"),
        (r#""ssl":true"#, r#""ssl":false"#, "sslmode"),
        (r#""ssl":true"#, r#""sslmode":"verify-ca""#, "sslmode"),
        (r#""ssl":true,"#, "", "sslmode"),
        (r#""ownerrole":"o""#, r#""ownerrole":"O""#, "ownerrole"),
        (r#","ownerrole":"o""#, "", "ownerrole"),
        (
            r#""tls_server_name":"t""#,
            r#""tls_server_name":"u""#,
            "tls_server_name",
        ),
        (
            r#""engine":"postgres""#,
            r#""engine":"aurora-postgresql""#,
            "engine",
        ),
    ] {
        assert!(CURRENT.contains(from), "{from}");
        let pending = parse(&CURRENT.replace(from, to)).unwrap();
        assert_eq!(
            pending.same_account_as(&current()).unwrap_err().field,
            field,
            "{from} to {to}"
        );
        assert_eq!(
            current().same_account_as(&pending).unwrap_err().field,
            field,
            "{to} to {from}"
        );
    }
}

#[test]
fn the_error_shows_both_values_and_no_password() {
    let pending = parse(
        &CURRENT
            .replace("\"app\"", "\"oth\\ner\"")
            .replace("old", "canary"),
    )
    .unwrap();
    let error = pending.same_account_as(&current()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the pending version names another account: its `username` is \"oth\\ner\", the current version's is \"app\""
    );
    assert_eq!(error.code(), "PendingNamesAnotherTarget");
    assert!(error.remedy().contains("AWSPENDING"));

    let hostless = parse(r#"{"username":"app","password":"canary"}"#).unwrap();
    let error = hostless.same_account_as(&current()).unwrap_err();
    let shown = format!("{error} {error:?} {}", error.remedy());
    assert!(
        shown.contains("its `host` is not given, the current version's is \"db.example.com\""),
        "{shown}"
    );
    assert!(!shown.contains("canary") && !shown.contains("old"), "{shown}");
}
