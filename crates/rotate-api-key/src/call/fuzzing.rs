//! What holds for every answer of a provider, as a function of arbitrary bytes: for `fuzz/`, and for a test.

use std::sync::LazyLock;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Judge, LONGEST_NAME, Reply};
use crate::description::{Description, Next, Position};
use crate::http::Answer;
use crate::notation::json::{Json, NoItems};
use crate::notation::pointer::{Pointer, Source};

const CANARY: &str = "c4n4ryQz7Wv";

/// The settings of an answer: what a definition says of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Says {
    status: u16,
    value: Source,
    id: Option<Pointer>,
    next: Option<Next>,
}

static GRAPHQL: LazyLock<Description> = LazyLock::new(|| {
    let text = include_str!("../../providers/new-relic.toml");
    Description::load("new-relic.toml", text).expect("it is shipped")
});

/// An answer is a key or an error, and no error has a credential that the request had. A pointer finds what `serde_json`
/// finds; the next page is what the answer says. An input is some TOML of what a definition says, and behind a line `----`
/// the answer's body.
///
/// # Panics
/// If that does not hold.
pub fn answer(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    let (says, body) = input
        .split_once("\n----\n")
        .unwrap_or(("status = 200\nvalue = 'body'", &input));
    let Ok(says) = toml::from_str::<Says>(says) else {
        return;
    };
    judge(&says, body);
    if let Some(json) = Json::parse(body.as_bytes()) {
        let pointers = [says.value.pointer(), says.id.as_ref()];
        for pointer in pointers.into_iter().flatten() {
            check_pointer(json, pointer, body);
        }
        check_items(json, body);
        if let Some(next) = &says.next {
            check_next(next, json);
        }
    }
}

/// The body as it is, and with a credential in front of each of its words.
fn judge(says: &Says, body: &str) {
    let spoiled = body
        .replace(' ', &format!(" {CANARY}"))
        .replacen(":\"", &format!(":\"{CANARY}"), 4);
    let secrets = [SecretString::from(CANARY)];
    for body in [body, &spoiled] {
        let judge = Judge {
            name: "create at fuzzed (h)",
            secrets: &secrets,
            also: None,
            mints: false,
        };
        let answer = Answer {
            status: says.status,
            retry_after: None,
            leads_to: None,
            body: body.as_bytes().to_vec(),
        };
        let call = GRAPHQL.create.as_ref().expect("it has one").call();
        let error = match judge.judge(&call, answer) {
            Ok(reply) => check_key(says, &reply),
            Err(error) => Some(error.to_string()),
        };
        let error = error.unwrap_or_default();
        assert!(
            !error.contains(CANARY) && !error.contains(char::is_control),
            "{error}"
        );
    }
}

/// The error, if the answer has no key.
fn check_key(says: &Says, reply: &Reply) -> Option<String> {
    match reply.key(&says.value, says.id.as_ref()) {
        Ok(key) => {
            assert!(key.value.is_some_and(|value| value != String::new().into()));
            assert_eq!(key.id.is_some(), says.id.is_some());
            let id = key.id.unwrap_or_default();
            assert!(id.len() <= LONGEST_NAME && !id.contains(char::is_control));
            None
        }
        Err(error) => Some(error.to_string()),
    }
}

fn check_pointer(json: Json<'_>, pointer: &Pointer, body: &str) {
    let found = json.at(pointer);
    // Half a surrogate pair, a number that no float can be, and deep nesting are read as text only.
    let Ok(whole) = serde_json::from_str::<Value>(body) else {
        return;
    };
    let expected = whole.pointer(&pointer.to_string());
    assert_eq!(found.is_some(), expected.is_some(), "{pointer}");
    let (Some(found), Some(expected)) = (found, expected) else {
        return;
    };
    assert_eq!(found.is_null(), expected.is_null());
    match expected {
        Value::String(text) => assert_eq!(found.text().as_ref(), Some(text)),
        Value::Number(_) => assert!(found.text().is_some()),
        _ => assert_eq!(found.text(), None),
    }
    let tells = match expected {
        Value::Null => false,
        Value::Bool(is_true) => *is_true,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    };
    assert_eq!(found.tells(), tells);
}

fn check_items(json: Json<'_>, body: &str) {
    let mut count = 0;
    let outcome = json.each(100, |_| {
        count += 1;
        Ok::<_, NoItems>(())
    });
    if let Ok(whole) = serde_json::from_str::<Value>(body) {
        match whole.as_array().map(Vec::len) {
            None => assert_eq!(outcome, Err(NoItems::NoArray)),
            Some(length) => assert_eq!((count, outcome.is_ok()), (length.min(100), length <= 100)),
        }
    }
}

fn check_next(next: &Next, json: Json<'_>) {
    for (here, counts) in [
        (None, (0, 1)),
        (Some(Position::Number(7)), (3, 0)),
        (Some(Position::Number(u64::MAX)), (1, 1)),
    ] {
        match (next, next.after(here.as_ref(), json, counts)) {
            (Next::Url(place) | Next::Cursor { cursor: place, .. }, Ok(Some(position))) => {
                let told = json.at(place).and_then(Json::text);
                assert!(told.as_ref().is_some_and(|text| !text.is_empty()));
                assert_eq!(told, Some(position.text()));
            }
            (Next::Number { first, step, .. }, Ok(Some(position))) => {
                let number = match here {
                    Some(Position::Number(number)) => number,
                    _ => *first,
                };
                assert_eq!(position, Position::Number(number.saturating_add(*step)));
            }
            (_, Ok(None)) => {}
            (_, Err(problem)) => assert!(!problem.is_empty()),
        }
    }
}

#[test]
fn what_holds_for_every_answer_holds_for_the_corpus() {
    crate::corpus::check("answer", &[], answer);
}
