//! Lambda's own lines.

use serde_json::Value;

use super::entry::Event;

/// What Lambda and its runtimes write if they cannot start a function's code: a library, the handler or the program is not there, or is
/// for another architecture.
pub(crate) const NOT_STARTED: [&str; 5] = [
    "Unable to import module",
    "Runtime.ImportModuleError",
    "Runtime.InvalidEntrypoint",
    "Runtime.HandlerNotFound",
    "Runtime.UserCodeSyntaxError",
];
pub(super) fn read(line: &str) -> Option<Event> {
    if line.contains("Task timed out after") {
        return Some(Event::TimedOut);
    }
    if NOT_STARTED.iter().any(|words| line.contains(words)) {
        return Some(Event::ModuleMissing(why(line)));
    }
    if line.starts_with("REPORT RequestId:") && line.contains("Status: timeout") {
        return Some(Event::TimedOut);
    }
    let json: Value = line
        .contains("platform.report")
        .then(|| serde_json::from_str(line).ok())
        .flatten()?;
    let record = json.get("record")?;
    (record.get("status")?.as_str()? == "timeout").then_some(Event::TimedOut)
}

/// Why, in words of our own: the line may be a foreign function's.
fn why(line: &str) -> String {
    if let Some(name) = module(line) {
        return format!("no module named '{name}'");
    }
    let known = [
        (
            "exec format error",
            "the program is for another architecture, or is none",
        ),
        ("valid bootstrap", "the package has no program `bootstrap`"),
        (
            "o such file",
            "the program, or what it needs to start, is not there",
        ),
        ("Runtime.HandlerNotFound", "the code does not have the handler"),
        ("Runtime.UserCodeSyntaxError", "the code has a syntax error"),
    ];
    let found = known.iter().find(|(words, _)| line.contains(words));
    let usual = "its code, or a library of it, cannot be loaded";
    found.map_or(usual, |(_, why)| why).to_owned()
}

/// The name of the module that Python misses, if it is a name.
fn module(line: &str) -> Option<&str> {
    const LONGEST: usize = 64;
    let (_, rest) = line.split_once("No module named '")?;
    let (name, _) = rest.split_once('\'')?;
    let is_name = name.len() <= LONGEST
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_does_not_start_is_told_in_words_of_our_own() {
        for (line, told) in [
            (
                "[ERROR] Runtime.ImportModuleError: Unable to import module 'lambda_function': No module named 'pg'\nTraceback (most recent call last):",
                "no module named 'pg'",
            ),
            (
                "[ERROR] Runtime.ImportModuleError: Unable to import module 'a': No module named 'a secret value'",
                "its code, or a library of it, cannot be loaded",
            ),
            (
                "RequestId: 1b2c Error: fork/exec /var/task/bootstrap: exec format error\nRuntime.InvalidEntrypoint",
                "the program is for another architecture, or is none",
            ),
        ] {
            assert_eq!(read(line), Some(Event::ModuleMissing(told.to_owned())));
        }
    }

    #[test]
    fn a_time_limit_is_seen_in_both_formats() {
        for line in [
            "2026-11-24T02:14:03.1Z 1b2c Task timed out after 3.01 seconds",
            "REPORT RequestId: 1b2c\tDuration: 3000.00 ms\tStatus: timeout",
            r#"{"type":"platform.report","record":{"requestId":"1b2c","status":"timeout"}}"#,
        ] {
            assert!(matches!(read(line), Some(Event::TimedOut)), "{line}");
        }
        assert_eq!(
            read(r#"{"type":"platform.report","record":{"status":"success"}}"#),
            None
        );
        assert_eq!(read("a timeout of 3 seconds"), None);
    }
}
