//! When a rotation is due: as the watcher in `infra/watch` has it.

use jiff::{SignedDuration, Timestamp};

use super::answers::Secret;

/// The time between two rotations, of `rate(…)` or of days; none for a cron expression.
pub(crate) fn interval(days: Option<i64>, expression: Option<&str>) -> Option<SignedDuration> {
    let Some(expression) = expression.filter(|text| !text.is_empty()) else {
        return days.map(|days| SignedDuration::from_hours(24 * days));
    };
    let inner = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let (count, unit) = inner.split_once(' ')?;
    let count: i64 = count.parse().ok()?;
    match unit.trim() {
        "hour" | "hours" => Some(SignedDuration::from_hours(count)),
        "day" | "days" => Some(SignedDuration::from_hours(count.checked_mul(24)?)),
        _ => None,
    }
}

/// A secret's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// When the next rotation is due at the latest.
    pub(crate) at: Option<Timestamp>,
    /// How long ago that was, if it has passed.
    pub(crate) overdue: Option<SignedDuration>,
}

impl Due {
    /// An interval after the last success, or the end of the next window if that is earlier. A window may still be open for a day.
    pub(crate) fn of(secret: &Secret, now: Timestamp) -> Self {
        const WINDOW: SignedDuration = SignedDuration::from_hours(24);
        let last = secret.last_rotated.or(secret.created);
        let by_interval = last
            .zip(secret.interval)
            .and_then(|(last, interval)| last.checked_add(interval).ok());
        let at = by_interval.into_iter().chain(secret.next).min();
        let late = at.map(|at| now.duration_since(at)).filter(|late| *late > WINDOW);
        Self {
            at,
            overdue: late.filter(|_| secret.enabled == Some(true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_as_secrets_manager_writes_them() {
        let hours = |days, text| interval(days, text).map(|time| time.as_hours());
        assert_eq!(hours(Some(30), None), Some(720));
        assert_eq!(hours(None, Some("rate(4 hours)")), Some(4));
        assert_eq!(hours(None, Some("rate(1 day)")), Some(24));
        assert_eq!(hours(Some(30), Some("cron(0 16 1 * ? *)")), None);
        assert_eq!(hours(None, Some("rate(x days)")), None);
        assert_eq!(hours(None, None), None);
    }
}
