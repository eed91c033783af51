//! The tables of `docs/reference` are made from the lists that the code has. `UPDATE=1 make test ARGS=reference` writes them again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keywheel_tests::variables;
use rotation::password::Password;
use rotation::secrets::{CopyRules, Declared, FIELDS, Login, PostgresSecret};
use secrecy::ExposeSecret;

const BEGIN: &str = "<!-- made by UPDATE=1 make test ARGS=reference -->\n\n";
const END: &str = "\n<!-- end of what is made -->\n";

/// Compares what stands between the two marks of a page with `table`, or writes it.
#[track_caller]
fn hold(page: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/reference")
        .join(page);
    let text = fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = text.split_once(BEGIN).expect("the first mark is there");
    let (there, after) = rest.split_once(END).expect("the second mark is there");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, [before, BEGIN, table, END, after].concat()).expect("it can be written");
    } else {
        assert_eq!(
            there, table,
            "{page} is out of date: UPDATE=1 make test ARGS=reference"
        );
    }
}

#[test]
fn the_environment_variables_are_those_of_the_code() {
    let mut tables = Vec::new();
    for (title, rows, _) in variables::sections() {
        let mut table =
            format!("## {title}\n\n| variable | values | default | meaning |\n|---|---|---|---|\n");
        for row in rows {
            let only = match row.only {
                Some(function) => format!("`{function}`. "),
                None => String::new(),
            };
            let (name, values, default, meaning) = (row.name, row.values, row.default, row.meaning);
            writeln!(table, "| `{name}` | {values} | {default} | {only}{meaning} |").expect("a string grows");
        }
        tables.push(table);
    }
    hold("environment-variables.md", &tables.join("\n"));
}

#[test]
fn the_keys_of_a_secret_are_those_of_the_code() {
    let mut table = "| key | value | meaning |\n|---|---|---|\n".to_owned();
    for (names, value, meaning) in FIELDS {
        let names = names.join("`, `");
        writeln!(table, "| `{names}` | {value} | {meaning} |").expect("a string grows");
    }
    hold("secret-values.md", &table);
}

/// A form of a secret: what it is, its text, and what is declared of it.
struct Form {
    name: &'static str,
    before: &'static str,
    declared: Declared,
}

const OLD: &str = "old-password";
const NEW: &str = "new-password";

fn forms() -> Vec<Form> {
    let plain = |name, before| Form {
        name,
        before,
        declared: Declared::default(),
    };
    vec![
        plain(
            "AWS's JSON",
            r#"{"engine":"postgres","host":"db","port":5432,"username":"app","password":"old-password","dbname":"orders"}"#,
        ),
        plain(
            "JSON without a host, with white space, unknown members and numbers",
            r#"{ "username" : "app",  "password":"old-password", "n":1.10, "inner":{"a":[1,2.50,1e3]} }"#,
        ),
        plain(
            "JSON with copies",
            r#"{"host":"db","username":"app","password":"old-password","url":"postgresql://app:old-password@db/orders","jdbc":"jdbc:postgresql://db/orders?user=app&password=old-password","PGUSER":"app","PGPASSWORD":"old-password","pgpass":"db:5432:*:app:old-password"}"#,
        ),
        plain(
            "a URL",
            "postgresql://app:old-password@db:5432/orders?sslmode=verify-full",
        ),
        plain(
            "SecretBinary, the same bytes as text",
            r#"{"username":"app","password":"old-password"}"#,
        ),
        Form {
            name: "JSON with `BASE64_MEMBERS=username,password`",
            before: r#"{"username":"YXBw", "password":"b2xkLXBhc3N3b3Jk", "note":"YXBw"}"#,
            declared: Declared {
                login: None,
                base64: ["username", "password"].map(str::to_owned).into(),
            },
        },
        Form {
            name: "a bare password with `PGUSER=app` and `PGHOST=db`",
            before: "old-password",
            declared: Declared {
                login: Some(Login {
                    username: "app".to_owned(),
                    host: "db".to_owned(),
                    port: None,
                    dbname: None,
                }),
                base64: BTreeSet::new(),
            },
        },
    ]
}

/// The text with the credential of before in the place of the new one, in both encodings.
fn undone(after: &str, user: &str) -> String {
    let in_base64 = |text: &str| BASE64.encode(text);
    let text = after.replace(NEW, OLD).replace(&in_base64(NEW), &in_base64(OLD));
    if user == "app" {
        return text;
    }
    text.replace(user, "app")
        .replace(&in_base64(user), &in_base64("app"))
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the passwords are those of a page of the book"
)]
fn the_values_before_and_after_are_those_of_the_code() {
    let mut page = String::new();
    for Form {
        name,
        before,
        declared,
    } in forms()
    {
        let secret = PostgresSecret::parse_declared(&before.into(), &declared).expect(name);
        writeln!(page, "## {name}\n\n```\n{before}").expect("a string grows");
        for user in ["app", "app_clone"] {
            let new = Password::from(NEW.to_owned());
            let Ok(rotated) = secret.rotated(user, &new, &CopyRules::default()) else {
                assert!(secret.is_bare() && user != "app", "{name}");
                continue;
            };
            assert!(rotated.doubts.is_empty(), "{name}: {:?}", rotated.doubts);
            let after = rotated.secret.text().expose_secret();
            assert!(
                !after.contains(OLD) && undone(after, user) == before,
                "{name}: only the credential changes"
            );
            writeln!(page, "{after}").expect("a string grows");
        }
        page.push_str("```\n\n");
    }
    hold("before-and-after.md", page.trim_end_matches('\n'));
}

#[test]
fn a_variable_is_listed_once() {
    let names: Vec<_> = variables::all().into_iter().map(|(name, _)| name).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
}
