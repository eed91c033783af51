//! Lambda's own lines.

use serde_json::Value;

use super::entry::Event;

pub(super) fn read(line: &str) -> Option<Event> {
    if line.contains("Task timed out after") {
        return Some(Event::TimedOut);
    }
    if line.contains("Unable to import module") {
        return Some(Event::ModuleMissing);
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

#[cfg(test)]
mod tests {
    use super::*;

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
