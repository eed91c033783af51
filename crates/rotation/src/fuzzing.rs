//! What holds for every payload, as a function of arbitrary bytes. The target in `fuzz/` calls it, and so does a test, with
//! the committed corpus. It is not in a build for Lambda.

use serde_json::Value;

use crate::event::Event;
use crate::fault::Fault as _;

const CANARY: &str = "c4n4ryQz7Wv";

/// An event that is read says the same when it is written and read again. Nothing that is printed has a RotationToken, and
/// no refusal quotes the payload.
///
/// # Panics
/// If that does not hold.
pub fn event(data: &[u8]) {
    let Ok(payload) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    match Event::parse(&payload) {
        Ok(event) => check_event(&event, &payload),
        Err(error) => {
            let advice = error.advice();
            assert!(!error.code().is_empty() && !format!("{advice:?}").is_empty());
        }
    }
    if payload.is_object() {
        for key in ["Step", "SecretId", "ClientRequestToken", "RotationToken"] {
            let mut payload = payload.clone();
            let canary = match &payload[key] {
                Value::String(text) => format!("{CANARY}{text}").into(),
                other => serde_json::json!({ CANARY: [other, CANARY] }),
            };
            payload[key] = canary;
            match Event::parse(&payload) {
                Ok(event) => check_event(&event, &payload),
                Err(error) => assert!(!format!("{error} {error:?}").contains(CANARY), "{error}"),
            }
        }
    }
}

fn check_event(event: &Event, payload: &Value) {
    let written = serde_json::json!({
        "Step": event.step.to_string(), "SecretId": event.secret.as_str(), "ClientRequestToken": event.token.as_str(),
    });
    let again = Event::parse(&written).expect("it was read before");
    assert_eq!(
        (again.step, again.secret, again.token),
        (event.step, event.secret.clone(), event.token.clone())
    );
    let (step, secret, token) = Event::traces(payload);
    assert_eq!(step, Some(event.step));
    assert_eq!(secret.as_ref(), Some(&event.secret));
    assert_eq!(token.as_ref(), Some(&event.token));
    assert!(!event.secret.as_str().contains(char::is_control));

    let shown = format!("{event:?}");
    let hidden = payload["RotationToken"].as_str().unwrap_or_default();
    let is_elsewhere = format!("{written} {CANARY}").contains(hidden);
    assert!(hidden.len() < CANARY.len() || is_elsewhere || !shown.contains(hidden));
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[test]
fn what_holds_for_every_payload_holds_for_the_corpus() {
    corpus::check("event", &["events"], event);
}
