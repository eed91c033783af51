//! Copies of the credential in the same secret: which are changed, which are reported, and which are left alone.

use proptest::prelude::*;
use secrets::{CopyMode, CopyRules, DocumentError, PostgresSecret, Rotated};
use serde_json::Value;

use crate::common::{parse, password, text_of};

const OLD: &str = "0ld-s3cret-passw0rd";
/// Longer than any that the property test makes up.
const FINAL: &str = "a-name-of-more-than-24-characters";
const AWKWARD: &str = "n/e@w:'\\ #%41?&+=ü\"";

/// A secret for `app` at db.example.com with further members.
fn document(members: &str) -> String {
    format!(r#"{{"username": "app", "password":"{OLD}", "host":"db.example.com",{members} }}"#)
}

fn rotated(text: &str, user: &str, new: &str, rules: &CopyRules) -> Result<Rotated, DocumentError> {
    parse(text)
        .expect("a secret")
        .rotated(user, &password(new), rules)
}

/// Rotates with default rules: the member `x` afterwards, and the doubts.
fn x(value: &str, user: &str, new: &str) -> (String, String) {
    let text = document(&format!(r#" "x" : {}, "n": 1.10"#, Value::from(value)));
    let done = rotated(&text, user, new, &CopyRules::default()).expect("it rotates");
    let after: Value = serde_json::from_str(text_of(done.secret.text())).expect("JSON");
    let doubts: Vec<_> = done.doubts.iter().map(ToString::to_string).collect();
    assert_eq!(done.changed.is_empty(), after["x"] == value, "{value}");
    (
        after["x"].as_str().expect("a string").to_owned(),
        doubts.join("; "),
    )
}

#[test]
fn each_form_is_changed_in_its_own_encoding() {
    let encoded = "n%2Fe%40w%3A%27%5C%20%23%2541%3F%26%2B%3D%C3%BC%22";
    for (before, after) in [
        (
            "postgresql://app:$@db.example.com:5432/d?sslmode=require",
            "postgresql://app_clone:ENC@db.example.com:5432/d?sslmode=require",
        ),
        (
            "POSTGRES://%61pp:$@DB.example.com",
            "POSTGRES://app_clone:ENC@DB.example.com",
        ),
        (
            "postgresql+psycopg2://app:$@db.example.com./d",
            "postgresql+psycopg2://app_clone:ENC@db.example.com./d",
        ),
        ("postgis://app:$@/d", "postgis://app_clone:ENC@/d"),
        (
            "jdbc:postgresql://db.example.com/d?user=app&ssl=true&password=$",
            "jdbc:postgresql://db.example.com/d?user=app_clone&ssl=true&password=ENC",
        ),
        (
            "jdbc:postgresql://db.example.com/d?password=$&x=1",
            "jdbc:postgresql://db.example.com/d?password=ENC&x=1",
        ),
        (
            "host=db.example.com user=app password=$ dbname=d",
            "host=db.example.com user=app_clone password='n/e@w:\\'\\\\ #%41?&+=ü\"' dbname=d",
        ),
        (
            " user = 'app'  password='$'\thost=db.example.com ",
            " user = 'app_clone'  password='n/e@w:\\'\\\\ #%41?&+=ü\"'\thost=db.example.com ",
        ),
        (
            "db.example.com:5432:*:app:$",
            "db.example.com:5432:*:app_clone:n/e@w\\:'\\\\ #%41?&+=ü\"",
        ),
        (
            "# mine\n*:*:d:app:$\nother:5432:*:bob:b\n",
            "# mine\n*:*:d:app_clone:n/e@w\\:'\\\\ #%41?&+=ü\"\nother:5432:*:bob:b\n",
        ),
    ] {
        let (before, after) = (before.replace('$', OLD), after.replace("ENC", encoded));
        assert_eq!(
            x(&before, "app_clone", AWKWARD),
            (after, String::new()),
            "{before}"
        );
    }
}

#[test]
fn a_copy_with_bare_special_characters_comes_out_readable() {
    for old in ["p@ss/w#rd?", "50%off", "a:b@c@d", "a b+c"] {
        let value = format!("postgresql://app:{old}@db.example.com/d?x=y@z");
        let text =
            serde_json::json!({"username": "app", "password": old, "host": "db.example.com", "url": value});
        let done = rotated(&text.to_string(), "app", AWKWARD, &CopyRules::default()).unwrap();
        let after: Value = serde_json::from_str(text_of(done.secret.text())).unwrap();
        assert_eq!(
            after["url"],
            "postgresql://app:n%2Fe%40w%3A%27%5C%20%23%2541%3F%26%2B%3D%C3%BC%22@db.example.com/d?x=y@z"
        );
        assert_eq!(done.doubts, []);
    }
    // A reader that takes `%41` for three characters would not read what is percent-encoded.
    let text = r#"{"username":"app","password":"b%41t","url":"postgres://app:b%41t@/d"}"#;
    let done = rotated(text, "app", "new", &CopyRules::default()).unwrap();
    assert!(text_of(done.secret.text()).ends_with(r#""url":"postgres://app:b%41t@/d"}"#));
    assert!(
        done.doubts[0].to_string().contains("unknown encoding"),
        "{:?}",
        done.doubts
    );
}

#[test]
fn members_with_a_usual_name_are_changed_and_nothing_else_is() {
    let text = document(&format!(
        r#""PGUSER":"app","PGPASSWORD":"{OLD}","PGHOST":"db.example.com","PGPORT":5432, "nested":[{{"user":"app","pass":"{OLD}","pass":"{OLD}"}}],
        "owner":"app", "url":"postgres:\/\/app:{OLD}@db.example.com\/d", "\u0064b_pass" : "{OLD}","e":1E+2"#
    ));
    let done = rotated(&text, "app_clone", "n\"w", &CopyRules::default()).unwrap();
    let wanted = text
        .replace(&format!(":{OLD}@"), ":n%22w@")
        .replace(OLD, "n\\\"w")
        .replace("//app:", "//app_clone:")
        .replace("\\/\\/app:", "\\/\\/app_clone:")
        .replace("\"app\"", "\"app_clone\"")
        .replace("\"owner\":\"app_clone\"", "\"owner\":\"app\"");
    assert_eq!(text_of(done.secret.text()), wanted);
    assert_eq!(
        done.changed,
        [
            "`PGUSER`",
            "`PGPASSWORD`",
            "`url`",
            "`db_pass`",
            "`nested[0].user`",
            "`nested[0].pass`"
        ]
    );
    assert_eq!(done.doubts, []);
    assert_eq!(done.secret.username(), "app_clone");
}

#[test]
fn a_file_called_pgpass_is_no_password() {
    let text = document(&format!(
        r#""PGUSER":"app","pgpass":"*:*:*:app:{OLD}","PGPASSWORD":"{OLD}""#
    ));
    let done = rotated(&text, "app_clone", "new", &CopyRules::default()).unwrap();
    let wanted = text
        .replace(OLD, "new")
        .replace(":app:", ":app_clone:")
        .replace("\"app\"", "\"app_clone\"");
    assert_eq!(text_of(done.secret.text()), wanted);
    assert_eq!(done.doubts, []);
}

#[test]
fn what_may_be_a_copy_is_named_and_left() {
    for (member, named) in [
        (
            r#""u":"postgres://app:$@replica.example.com/d""#,
            "`u` has the user's password for another host",
        ),
        (
            r#""u":"postgres://app:$@db.example.com:6432/d""#,
            "`u` has the user's password for another host",
        ),
        (
            r#""u":"postgres://app:$@db.example.com,b/d""#,
            "`u` has the user's password for another host",
        ),
        (
            r#""u":"postgres://bob:$@db.example.com/d""#,
            "`u` has another user name",
        ),
        (
            r#""u":"postgres://app:stale@db.example.com/d""#,
            "`u` has another password for the same user",
        ),
        (
            r#""a":{"u":["x","run --password $"]}"#,
            "`a.u[1]` contains the password",
        ),
        (
            r#""auth":"YXBwOjBsZC1zM2NyZXQtcGFzc3cwcmQ=""#,
            "`auth` contains the password",
        ),
        (r#""e":"0ld%2Ds3cret%2Dpassw0rd""#, "`e` contains the password"),
        (
            r#""admin":{"username":"root","password":"$"}"#,
            "`admin.password` has another user name",
        ),
        (
            r#""any":{"password":"$"}"#,
            "`any.password` contains the password",
        ),
        (
            r#""PGUSER":"bob","PGPASSWORD":"$""#,
            "`PGPASSWORD` has another user name",
        ),
        (
            r#""PGHOST":"other","PGPASSWORD":"$""#,
            "`PGPASSWORD` has the user's password for another host",
        ),
        (
            r#""PGPASSWORD":"stale""#,
            "`PGPASSWORD` has another password for the same user",
        ),
        (r#""PGUSER":"bob""#, "`PGUSER` has another user name"),
        (
            r#""admin_password":"$""#,
            "`admin_password` contains the password",
        ),
        (r#""$":1"#, "`key number 4` contains the password"),
    ] {
        let text = document(&member.replace('$', OLD));
        for mode in [CopyMode::Change, CopyMode::Report, CopyMode::Ignore] {
            let rules = CopyRules {
                mode,
                ..CopyRules::default()
            };
            let done = rotated(&text, "app", "new", &rules).unwrap();
            let doubts: Vec<_> = done.doubts.iter().map(ToString::to_string).collect();
            if mode == CopyMode::Ignore {
                assert_eq!(doubts, [""; 0]);
            } else {
                assert!(
                    doubts.iter().any(|doubt| doubt.contains(named)),
                    "{member}: {doubts:?}"
                );
            }
            assert!(!format!("{doubts:?} {:?}", done.doubts).contains(OLD), "{member}");
            assert_eq!(done.changed, [""; 0], "{member}");
            assert_eq!(text_of(done.secret.text()), text.replacen(OLD, "new", 1));
        }
    }
}

#[test]
fn what_is_another_credential_is_left_without_a_word() {
    for member in [
        r#""u":"postgres://app:other@elsewhere.example.com/d""#,
        r#""u":"postgres://bob:other@db.example.com/d""#,
        r#""u":"https://app:other@db.example.com/d""#,
        r#""u":"amqp://app@db.example.com""#,
        r#""db_user":"bob","db_password":"other""#,
        r#""owner":"app","dbname":"app","tags":["app"]"#,
        r#""nested":{"user":"app","password":"other","host":"elsewhere"}"#,
    ] {
        let text = document(member);
        let done = rotated(&text, "app_clone", "new", &CopyRules::default()).unwrap();
        assert_eq!(
            (done.changed.len(), done.doubts.len()),
            (0, 0),
            "{member}: {:?}",
            done.doubts
        );
    }
}

#[test]
fn a_short_password_is_found_only_where_it_stands_alone() {
    let text = r#"{"username":"app","password":"test","host":"test.example.com","dbname":"test","note":"a test","PGPASSWORD":"test","env":"test","url":"postgres://app:test@test.example.com/test"}"#;
    let done = rotated(text, "app", "new", &CopyRules::default()).unwrap();
    assert_eq!(
        text_of(done.secret.text()),
        r#"{"username":"app","password":"new","host":"test.example.com","dbname":"test","note":"a test","PGPASSWORD":"new","env":"test","url":"postgres://app:new@test.example.com/test"}"#
    );
    assert_eq!(done.doubts, []);
}

#[test]
fn a_user_with_its_own_name_for_a_password_keeps_the_two_apart() {
    let text = r#"{"username":"app","password":"app","PGUSER":"app","PGPASSWORD":"app","url":"postgres://app:app@/app","line":"*:*:*:app:app"}"#;
    let done = rotated(text, "app_clone", "new", &CopyRules::default()).unwrap();
    assert_eq!(
        text_of(done.secret.text()),
        r#"{"username":"app_clone","password":"new","PGUSER":"app_clone","PGPASSWORD":"new","url":"postgres://app_clone:new@/app","line":"*:*:*:app_clone:new"}"#
    );
}

#[test]
fn a_host_that_only_the_environment_names_counts() {
    let text = format!(
        r#"{{"username":"app","password":"{OLD}","url":"postgres://app:{OLD}@db.example.com:6432/d"}}"#
    );
    let done = rotated(&text, "app", "new", &CopyRules::default()).unwrap();
    assert!(
        done.doubts.len() == 1 && done.changed.is_empty(),
        "{:?}",
        done.doubts
    );
    let rules = CopyRules {
        host: Some("db.example.com".to_owned()),
        port: Some(6432),
        ..CopyRules::default()
    };
    let done = rotated(&text, "app", "new", &rules).unwrap();
    assert_eq!((done.changed.len(), done.doubts.len()), (1, 0));
}

fn listing(members: &[&str]) -> CopyRules {
    CopyRules {
        members: members.iter().map(|&member| member.to_owned()).collect(),
        ..CopyRules::default()
    }
}

#[test]
fn a_listed_member_is_a_copy_wherever_it_leads() {
    let text = document(&format!(
        r#""reader":{{"url":"postgres://app:{OLD}@replica.example.com:6432/d"}},"mine":"{OLD}","who":"app""#
    ));
    let done = rotated(
        &text,
        "app_clone",
        "new",
        &listing(&["reader.url", "mine", "who", "absent"]),
    )
    .unwrap();
    let wanted = text
        .replace(OLD, "new")
        .replace("\"app\"", "\"app_clone\"")
        .replace("//app:", "//app_clone:");
    assert_eq!(text_of(done.secret.text()), wanted);
}

#[test]
fn the_credential_itself_is_no_copy_though_it_is_listed() {
    let text = document(r#""x":1"#);
    let done = rotated(&text, "app_clone", "new", &listing(&["username", "password"])).unwrap();
    let wanted = text.replace(OLD, "new").replace("\"app\"", "\"app_clone\"");
    assert_eq!(text_of(done.secret.text()), wanted);
}

#[test]
fn a_listed_member_that_is_no_copy_is_refused_by_name() {
    for (value, code, words) in [
        (
            r#""postgres://bob:$@h/d""#,
            "SecretContradictory",
            "`m` and `username`",
        ),
        (
            r#""postgres://app:stale@h/d""#,
            "SecretContradictory",
            "`m` and `password`",
        ),
        (r#""zip:$""#, "SecretFieldInvalid", "`m` is neither"),
        ("7", "SecretFieldInvalid", "`m` is not a string"),
    ] {
        let text = document(&format!(r#""m":{}"#, value.replace('$', OLD)));
        let error = rotated(&text, "app", "new", &listing(&["m"])).unwrap_err();
        assert_eq!(error.code(), code, "{value}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(
            !format!("{error} {error:?} {}", error.remedy()).contains(OLD),
            "{error}"
        );
    }
}

#[test]
fn a_url_as_the_whole_secret_has_no_copies() {
    let done = rotated(
        "postgres://app:old@h/d",
        "app_clone",
        "new",
        &CopyRules::default(),
    )
    .unwrap();
    assert_eq!(text_of(done.secret.text()), "postgres://app_clone:new@h/d");
}

#[test]
fn deep_nesting_is_no_danger() {
    let deep = format!("{}\"{OLD}\"{}", "[".repeat(20_000), "]".repeat(20_000));
    let done = rotated(
        &document(&format!(r#""deep":{deep}"#)),
        "app",
        "new",
        &CopyRules::default(),
    );
    assert_eq!(done.unwrap().doubts.len(), 1);
}

#[test]
fn a_text_as_long_as_a_secret_can_be_is_read() {
    for value in [
        format!("postgres://app:{}", "@".repeat(60_000)),
        "user=app ".repeat(7_000),
        "*:*:*:app:x\n".repeat(5_000),
        "postgres://h?".to_owned() + &"user=app&".repeat(7_000),
    ] {
        let text = document(&format!(r#""x":{}"#, Value::from(value)));
        let done = rotated(&text, "app", "new", &CopyRules::default()).unwrap();
        assert!(done.changed.is_empty() && done.doubts.len() <= 1);
    }
}

/// Names and passwords without what no form can hold, in the characters that are special somewhere.
fn hard() -> impl Strategy<Value = String> {
    let hard = prop_oneof!["[!-~ü🦀]{1,24}", "[a-z%\"\\\\@:/?#&=+,' \\[\\]]{1,16}"];
    hard.prop_filter("a star is everybody in .pgpass", |text| text != "*")
}

/// The credential in each form, written by the rules of that form alone.
fn forms(user: &str, password: &str) -> Vec<String> {
    let percent = |text: &str| {
        let encoded = text.bytes().map(|byte| format!("%{byte:02x}"));
        encoded.collect::<Vec<_>>().concat()
    };
    let escaped = |text: &str, special: &[char]| -> String {
        let pieces = text.chars().map(|c| {
            if special.contains(&c) {
                format!("\\{c}")
            } else {
                c.to_string()
            }
        });
        pieces.collect()
    };
    let (u, p) = (percent(user), percent(password));
    let quoted = |text: &str| format!("'{}'", escaped(text, &['\'', '\\']));
    let field = |text: &str| escaped(text, &[':', '\\']);
    vec![
        format!("postgresql://{u}:{p}@db.example.com:5432/d?application_name=x"),
        format!("postgresql+asyncpg://{u}:{p}@db.example.com/d"),
        format!("jdbc:postgresql://db.example.com/d?user={u}&password={p}&ssl=true"),
        format!(
            "host=db.example.com  user={} password={} dbname=d",
            quoted(user),
            quoted(password)
        ),
        format!("db.example.com:5432:*:{}:{}", field(user), field(password)),
    ]
}

proptest! {
    #[test]
    fn every_form_is_changed_and_can_be_changed_back(
        (user, old) in (hard(), hard()), (next, new) in (hard(), hard()),
    ) {
        prop_assume!(old != new && user != next);
        let secret = |user: &str, password: &str, form: &str| {
            let text = serde_json::json!({"username": user, "password": password, "host": "db.example.com", "x": form});
            parse(&text.to_string()).unwrap()
        };
        let x = |secret: &PostgresSecret| -> String {
            let value: Value = serde_json::from_str(text_of(secret.text())).unwrap();
            value["x"].as_str().unwrap().to_owned()
        };
        for (before, after) in forms(&user, &old).into_iter().zip(forms(&next, &new)) {
            let done = secret(&user, &old, &before).rotated(&next, &password(&new), &CopyRules::default()).unwrap();
            prop_assert_eq!(&done.doubts, &[], "{}", before);
            prop_assert_eq!(done.changed.len(), 1);
            // What was written and what this test would write are read alike: both change to the same text again.
            let rules = CopyRules::default();
            let one = done.secret.rotated(FINAL, &password(FINAL), &rules).unwrap();
            let other = secret(&next, &new, &after).rotated(FINAL, &password(FINAL), &rules).unwrap();
            prop_assert_eq!(&one.doubts, &[], "{}", x(&done.secret));
            prop_assert_eq!(x(&one.secret), x(&other.secret));
        }
    }

    #[test]
    fn any_value_is_looked_at_without_a_panic(value in prop_oneof![any::<String>(), "(jdbc:)?postgres://[a-p:@/?#%&=,\\[\\] ]{0,30}", "[a-p= '\\\\]{0,30}", "[a-p:*0-9\\\\\n]{0,30}"]) {
        let text = document(&format!(r#""x":{}"#, Value::from(value)));
        let done = rotated(&text, "app_clone", "new", &CopyRules::default()).unwrap();
        let again = parse(text_of(done.secret.text())).unwrap();
        prop_assert_eq!(again.username(), "app_clone");
    }
}
