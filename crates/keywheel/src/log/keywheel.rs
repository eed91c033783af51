//! Keywheel's lines: JSON, or tracing's text.

use rotation::Strategy;
use serde_json::Value;
use staging_labels::Step;

use super::entry::{Did, End, Event};

/// Longest message that is kept, in characters.
const LONGEST: usize = 2000;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) version: Option<String>,
    pub(super) strategy: Option<Strategy>,
    pub(super) event: Event,
}

pub(super) fn read(line: &str) -> Option<Line> {
    let json: Option<Value> = line
        .starts_with('{')
        .then(|| serde_json::from_str(line).ok())
        .flatten();
    let field = |name: &str| match &json {
        Some(json) => json.get(name).and_then(Value::as_str).map(str::to_owned),
        None => quoted(line, name),
    };
    let step: Step = field("rotation.step")?.parse().ok()?;
    let end = match field("outcome")?.as_str() {
        "succeeded" => End::Succeeded(did(&field("rotation.action")?)),
        "failed" => End::Failed {
            code: field("error.code").filter(|code| is_code(code))?,
            message: match &json {
                Some(_) => field("message").map(|text| problem(step, &text)),
                None => words(step, line),
            },
        },
        _ => return None,
    };
    let milliseconds = match &json {
        Some(json) => json.get("step.duration_ms").and_then(Value::as_f64),
        None => None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a step lasts from 0 to 900,000 milliseconds, and the cast saturates"
    )]
    let milliseconds = milliseconds.map(|ms| ms.round() as u64);
    let event = Event::Step {
        step,
        end,
        milliseconds,
    };
    Some(Line {
        version: field("version.id"),
        strategy: field("rotation.strategy").and_then(|name| name.parse().ok()),
        event,
    })
}

/// Problem and remedy, without the step and the secret that they begin with.
fn problem(step: Step, message: &str) -> String {
    let beginning = format!("{} failed for ", step.name());
    let rest = message
        .strip_prefix(&beginning)
        .and_then(|rest| rest.split_once(": "));
    let text = rest.map_or(message, |(_, text)| text);
    let text = outbound::one_line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The message of tracing's text: it stands between the step's name and the first field.
fn words(step: Step, line: &str) -> Option<String> {
    let begins = line.find(&format!("{} failed for ", step.name()))?;
    let message = line[begins..].split(" requestId=\"").next()?;
    Some(problem(step, message))
}

fn did(action: &str) -> Did {
    match action {
        "apply" => Did::Applied,
        "switch" | "promote" => Did::Switched,
        _ => Did::Other,
    }
}

fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The value of `name="…"` in tracing's text.
fn quoted(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_line_is_read() {
        let line = r#"{"timestamp":"2026-11-24T02:14:03Z","level":"INFO","message":"setSecret: apply","requestId":"r","version.id":"v","rotation.strategy":"alternating-users","rotation.step":"setSecret","rotation.action":"apply","step.duration_ms":31.6,"outcome":"succeeded"}"#;
        let read = read(line).unwrap();
        assert_eq!(read.version.as_deref(), Some("v"));
        assert_eq!(read.strategy, Some(Strategy::AlternatingUsers));
        assert_eq!(
            read.event,
            Event::Step {
                step: Step::Set,
                end: End::Succeeded(Did::Applied),
                milliseconds: Some(32)
            }
        );
    }

    #[test]
    fn a_text_line_is_read_as_well() {
        let line = r#"2026-11-24T02:14:03Z ERROR rotation: setSecret failed for x: y; do this requestId="r" rotation.step="setSecret" outcome="failed" error.code="LoginRefused""#;
        let Event::Step { end, .. } = read(line).unwrap().event else {
            panic!()
        };
        assert_eq!(
            end,
            End::Failed {
                code: "LoginRefused".to_owned(),
                message: Some("y; do this".to_owned())
            }
        );
    }

    #[test]
    fn a_failure_is_told_without_the_name_of_its_secret() {
        let line = r#"{"message":"setSecret failed for arn:aws:x:secret:a: it is refused: why; do this","rotation.step":"setSecret","outcome":"failed","error.code":"LoginRefused"}"#;
        assert!(matches!(
            read(line).unwrap().event,
            Event::Step { end: End::Failed { message: Some(text), .. }, .. } if text == "it is refused: why; do this"
        ));
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "",
            "{",
            r#"{"rotation.step":"setSecret"}"#,
            r#"{"rotation.step":"x","outcome":"failed"}"#,
            r#"{"rotation.step":"setSecret","outcome":"failed","error.code":"a b"}"#,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
