//! What holds for every document and every password.

use crate::common::{parse, password, text_of};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;

/// White space as JSON allows it between any two tokens.
fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,3}"
}

/// The JSON string of `text` in a random spelling: `flags` decides which characters are escaped.
fn spelled(text: &str, flags: &[bool]) -> String {
    let mut flags = flags.iter().cycle();
    let mut spelling = String::from('"');
    for c in text.chars() {
        if *flags.next().expect("there are flags") || c < ' ' || c == '"' || c == '\\' {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            spelling.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            spelling.push(c);
        }
    }
    spelling + "\""
}

/// A string and how it is spelled.
fn spelled_string() -> impl Strategy<Value = (String, String)> {
    (any::<String>(), vec(any::<bool>(), 1..8)).prop_map(|(text, flags)| {
        let spelling = spelled(&text, &flags);
        (text, spelling)
    })
}

/// Any JSON value in any spelling.
fn value() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        number,
        spelled_string().prop_map(|(_, spelling)| spelling),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..4), space())
                .prop_map(|(items, space)| format!("[{space}{}]", items.join(&format!(",{space}")))),
            (vec((spelled_string(), inner), 0..4), space()).prop_map(|(members, space)| {
                let members: Vec<String> = members
                    .iter()
                    .map(|((_, key), value)| format!("{key}{space}:{value}"))
                    .collect();
                format!("{{{space}{}}}", members.join(","))
            }),
        ]
    })
}

/// A document: what stands before the value of its password, and what stands behind it.
#[derive(Debug)]
struct Around {
    before: String,
    behind: String,
}

const READ: [&str; 12] = [
    "username",
    "password",
    "host",
    "port",
    "dbname",
    "database",
    "engine",
    "ssl",
    "sslmode",
    "tls_server_name",
    "masterarn",
    "ownerrole",
];

/// A document with any further members, and user and password anywhere between them.
fn around() -> impl Strategy<Value = Around> {
    let others = hash_map(
        any::<String>().prop_filter("is read", |key| !READ.contains(&key.as_str())),
        value(),
        0..5,
    );
    let flags = vec(any::<bool>(), 1..8);
    (
        others,
        flags,
        any::<(prop::sample::Index, prop::sample::Index)>(),
        vec(space(), 5),
    )
        .prop_map(|(others, flags, (user_at, password_at), space)| {
            let mut members: Vec<String> = others
                .iter()
                .map(|(key, value)| format!("{}{}:{}{value}", spelled(key, &flags), space[0], space[1]))
                .collect();
            members.insert(
                user_at.index(members.len() + 1),
                format!("{}:\"u\"", spelled("username", &flags)),
            );
            let at = password_at.index(members.len() + 1);
            let (first, last) = members.split_at(at);
            let comma = format!("{},{}", space[2], space[3]);
            let key = format!("{}{}:{}", spelled("password", &flags), space[1], space[0]);
            let before: String = first
                .iter()
                .flat_map(|member| [member.as_str(), &comma])
                .collect();
            let behind: String = last.iter().flat_map(|member| [comma.as_str(), member]).collect();
            Around {
                before: format!("{}{{{}{before}{key}", space[4], space[2]),
                behind: format!("{behind}{}}}{}", space[3], space[4]),
            }
        })
}

/// A password that PostgreSQL can take.
fn any_password() -> impl Strategy<Value = String> {
    let hard = prop_oneof![
        any::<String>(),
        "[!-~ ]{1,40}",
        "[%\"\\\\@:/?#&=+,\\[\\]{}'\u{1}-\u{1f}ü🦀]{1,20}"
    ];
    hard.prop_filter("cannot be a password", |password| {
        !password.is_empty() && !password.contains('\0')
    })
}

/// Percent-decodes as RFC 3986 says, written once more for the tests.
fn percent_decoded(encoded: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = encoded.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        if *first == b'%' {
            let digits = std::str::from_utf8(&others[..2]).expect("two digits follow");
            bytes.push(u8::from_str_radix(digits, 16).expect("they are hexadecimal"));
            rest = &others[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).expect("a password was UTF-8 before it was encoded")
}

const CANARY: &str = "c4n4ryQz7Wv";

/// Good documents, to be damaged.
const GOOD: [&str; 4] = [
    r#"{"engine":"postgres","host":"h.example","username":"u","password":"c4n4ryQz7Wv","dbname":"d","port":5432,"ssl":true}"#,
    r#" {"username":"u","password":"c4n4ryQz7Wv","n":[1,{"a":"\u00fc"}],"port":"5432","sslmode":"require"} "#,
    "postgresql://user:c4n4ryQz7Wv@[::1]:5432/d?sslmode=verify-ca&application_name=x%20y",
    "postgres://u:c4n4ryQz7Wv@host/db",
];

/// Whether a piece of the canary that could not be chance stands in `text`.
fn betrays(text: &str) -> bool {
    (0..=CANARY.len() - 5).any(|at| text.contains(&CANARY[at..at + 5]))
}

proptest! {
    #[test]
    fn in_any_json_document_only_the_password_changes(
        around in around(), old in any_password(), flags in vec(any::<bool>(), 1..8), new in any_password(),
    ) {
        let text = format!("{}{}{}", around.before, spelled(&old, &flags), around.behind);
        let secret = parse(&text).unwrap();
        prop_assert_eq!(text_of(secret.password()), &old);
        prop_assert_eq!(secret.username(), "u");

        let changed = secret.with_password(&password(&new)).unwrap();
        let changed_text = text_of(changed.text());
        let inside = changed_text.strip_prefix(around.before.as_str());
        let written = inside.and_then(|inside| inside.strip_suffix(around.behind.as_str()));
        prop_assert!(written.is_some(), "other bytes changed: {} to {}", text, changed_text);
        prop_assert_eq!(serde_json::from_str::<String>(written.unwrap()).unwrap(), new.clone());
        prop_assert!(parse(changed_text).unwrap().password() == &password(&new));
        prop_assert_eq!(changed.same_account_as(&secret), Ok(()));
    }

    #[test]
    fn in_any_url_only_the_password_changes(
        user in "[a-zA-Z0-9%_.~!$'()*+;&=-]{1,10}".prop_map(|user| user.replace('%', "%25")),
        server in "([a-z]{1,8}(\\.[a-z]{1,4})?|\\[::[0-9a-f]{1,4}\\]|)(:[1-9][0-9]{0,3})?(/[a-z%]{0,6})?".prop_map(|server| server.replace('%', "%C3%BC")),
        old in "[a-zA-Z0-9:!$&'()*+,;=~_.-]{1,20}",
        new in any_password(),
    ) {
        let text = format!("postgres://{user}:{old}@{server}\n");
        let secret = parse(&text).unwrap();
        prop_assert_eq!(text_of(secret.password()), &old);

        let changed = secret.with_password(&password(&new)).unwrap();
        let changed_text = text_of(changed.text());
        let inside = changed_text.strip_prefix(&format!("postgres://{user}:"));
        let written = inside.and_then(|inside| inside.strip_suffix(&format!("@{server}\n")));
        prop_assert!(written.is_some(), "other bytes changed: {} to {}", text, changed_text);
        let written = written.unwrap();
        if new != old {
            prop_assert!(written.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        }
        prop_assert_eq!(percent_decoded(written), new.clone());
        prop_assert!(parse(changed_text).unwrap().password() == &password(&new));
        prop_assert_eq!(changed.same_account_as(&secret), Ok(()));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in prop_oneof![
        any::<String>(),
        "\\PC{0,60}",
        "[{}\\[\\]\":,\\\\a-z0-9 ]{0,60}",
        "\\{\"(username|password|port|host|ssl)\":[-\"\\\\a-z0-9{}\\[\\],:. ]{0,40}\\}",
        "postgres(ql)?://[a-z:@/?#%\\[\\]=&,0-9 ]{0,40}",
    ]) {
        if let Ok(secret) = parse(&text) {
            prop_assert_eq!(text_of(secret.text()), &text);
            prop_assert!(secret.with_password(&password("new")).is_ok());
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse(&String::from_utf8_lossy(&bytes)).map(|secret| secret.port());
    }

    #[test]
    fn a_damaged_document_betrays_nothing(
        which in 0..GOOD.len(), at: prop::sample::Index, removed in 0usize..4, inserted in "[@/?#:%\"{}\\[\\], \\\\a\u{feff}ü\0]{0,3}",
    ) {
        let mut characters: Vec<char> = GOOD[which].chars().collect();
        let at = at.index(characters.len());
        let end = (at + removed).min(characters.len());
        characters.splice(at..end, inserted.chars());
        let damaged: String = characters.into_iter().collect();
        match parse(&damaged) {
            Err(error) => {
                let shown = format!("{error} {error:?} {}", error.remedy());
                prop_assert!(!betrays(&shown), "{}: {}", damaged, shown);
            }
            Ok(secret) => {
                // Whatever it means now, its password is still one part of it, and hidden.
                prop_assert!(!betrays(&format!("{secret:?}")), "{}: {:?}", damaged, secret);
            }
        }
    }
}
