//! How the demonstration shows labels, steps and claims.

use std::fmt::Write;

use secrets_manager_local::RotationRun;
use staging_labels::{Label, Labels};

/// Characters of an id that tell versions apart.
const SHORT: usize = 8;

/// The labels, a version a line.
pub(crate) fn labels(labels: &Labels) -> String {
    let versions = labels.to_string();
    versions.split(", ").fold(String::new(), |mut lines, version| {
        let (id, labels) = version.split_once(": ").unwrap_or((version, ""));
        let _ = writeln!(lines, "      {}…  {labels}", &id[..SHORT.min(id.len())]);
        lines
    })
}

/// Keys by name, with the labels of the version that each stands in.
pub(crate) fn keys(keys: &[(String, Vec<Label>)]) -> String {
    keys.iter().fold(String::new(), |mut lines, (name, labels)| {
        let labels: Vec<_> = labels.iter().map(Label::as_str).collect();
        let _ = writeln!(lines, "      {:<42} {}", short(name), labels.join(" "));
        lines
    })
}

/// A name that ends with the id of a version, with as much of the id as tells it apart.
fn short(name: &str) -> String {
    let id = name
        .len()
        .checked_sub(36)
        .and_then(|start| name.split_at_checked(start));
    match id {
        Some((start, id)) if start.contains("keywheel-") => format!("{start}{}…", &id[..SHORT]),
        _ => name.to_owned(),
    }
}

/// The four steps with their time.
pub(crate) fn steps(run: &RotationRun) -> String {
    let steps = run.attempts.iter().flat_map(|attempt| &attempt.steps);
    steps.fold(String::new(), |mut lines, step| {
        let outcome = step.error.as_ref().map_or("done".to_owned(), ToString::to_string);
        let milliseconds = step.duration.as_secs_f64() * 1e3;
        let _ = writeln!(lines, "      {:<13} {milliseconds:>7.1} ms  {outcome}", step.step);
        lines
    })
}

/// A claim, and whether it held.
pub(crate) fn claim(text: &str, held: bool) -> String {
    format!("      [{}] {text}", if held { "yes" } else { "NO " })
}
