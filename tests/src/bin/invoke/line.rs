//! One line for a step, as a person reads it.

use serde_json::Value;
use staging_labels::Labels;

use crate::watch::Answer;

/// The step, what it did, how long it took, and where the labels are; after a failure, the message and where it is explained.
pub(crate) fn of(answer: &Answer, labels: &Labels) -> String {
    let labels = labels
        .to_string()
        .split(", ")
        .map(|version| match version.split_once(": ") {
            Some((id, names)) => format!("{names} on {}", id.get(..8).unwrap_or(id)),
            None => version.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(", ");
    let Some(line) = &answer.last else {
        return format!("no line of the log says how it went; {labels}");
    };
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let step = text("rotation.step");
    let ms = line["step.duration_ms"]
        .as_f64()
        .map_or_else(String::new, |ms| format!("{ms:.0} ms"));
    if answer.succeeded {
        return format!(
            "{step:<12} ok     {:<8} {ms:>7}  {labels}",
            text("rotation.action")
        );
    }
    let code = text("error.code");
    format!(
        "{step:<12} FAILED {code} {ms}  {labels}\n  {}\n  keywheel explain {code}",
        message(line)
    )
}

fn message(line: &Value) -> &str {
    line["message"].as_str().unwrap_or_default()
}
