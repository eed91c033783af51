//! The time of day.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// A moment as providers write it: RFC 3339, or seconds since 1970.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    if let Ok(seconds) = text.parse() {
        return SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    }
    let moment = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(moment).ok()
}

/// Now: for expiries, signatures, and how long a key has lived.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge: from here on time is an argument"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_each_spelling() {
        let moment = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T22:13:20.000Z",
            "1700000000",
        ] {
            assert_eq!(parse(text), moment, "{text}");
        }
        for text in ["", "yesterday", "2023-11-14", "-1", "99999999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
