//! Times for people.

use jiff::{SignedDuration, Timestamp};

/// Now.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// `2 h 10 min`, `3 d`: the two largest units that matter.
pub(crate) fn lasting(time: SignedDuration) -> String {
    let minutes = time.as_mins().max(0);
    let (days, hours) = (minutes / 1440, minutes / 60);
    match (days, hours) {
        (2.., _) => format!("{days} d"),
        (_, 1..) => format!("{hours} h {} min", minutes % 60),
        _ if minutes > 0 => format!("{minutes} min"),
        _ => format!("{} s", time.as_secs().max(0)),
    }
}

/// `3 d ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} ago", lasting(now.duration_since(then)))
}

/// `2026-11-24 02:14:03`, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-11-24`, in UTC.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        let text = |seconds| lasting(SignedDuration::from_secs(seconds));
        assert_eq!(text(5), "5 s");
        assert_eq!(text(130), "2 min");
        assert_eq!(text(7800), "2 h 10 min");
        assert_eq!(text(90_000), "25 h 0 min");
        assert_eq!(text(86_400 * 33), "33 d");
        assert_eq!(text(-5), "0 s");
    }
}
