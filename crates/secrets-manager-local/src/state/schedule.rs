//! When a secret is rotated (fact 18): `rate()`, `cron()`, `AutomaticallyAfterDays` and the window's Duration, all in UTC.
//!
//! Pure: every function takes the time.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// No rotation more often than this.
const SHORTEST_INTERVAL: SignedDuration = SignedDuration::from_hours(4);
/// 999 days.
const LONGEST_HOURS: u16 = 999 * 24;
/// Occurrences of a `cron()` that are looked at for too short an interval: more than a year of daily ones.
const SAMPLES: usize = 400;

/// `RotationRules`, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    /// `AutomaticallyAfterDays`
    pub(crate) automatically_after_days: Option<u16>,
    /// `ScheduleExpression` as it was given.
    pub(crate) expression: Option<String>,
    /// `Duration` in hours.
    pub(crate) duration_hours: Option<u8>,
    schedule: Option<Schedule>,
}

/// A rotation window: it opens at `start`, and `end` is what `NextRotationDate` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// When the window opens; this server rotates then.
    pub(crate) start: Timestamp,
    /// The latest moment of the window.
    pub(crate) end: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
enum Schedule {
    Days(u16),
    Hours(u16),
    Cron { pattern: Box<Cron>, hourly: bool },
}

/// Why rotation rules are refused. The text is what the API answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScheduleError {
    /// Both forms at once.
    #[error("You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.")]
    Both,
    /// Beyond 1 to 1000.
    #[error("AutomaticallyAfterDays is {0}; it must be from 1 to 1000.")]
    Days(i64),
    /// Neither `rate()` nor `cron()`, or not as AWS writes them.
    #[error("Invalid ScheduleExpression {expression}: {reason}.")]
    Expression {
        /// What was given.
        expression: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not a number of hours.
    #[error("Invalid Duration {0}: it must be a number of hours from 1 to 24, such as 3h.")]
    Duration(String),
    /// The window would reach into the next one.
    #[error("The rotation window must not extend into the next UTC day or into the next rotation window.")]
    WindowTooLong,
}

impl Rules {
    /// Checks what RotateSecret was given.
    pub(crate) fn new(
        days: Option<i64>,
        expression: Option<String>,
        duration: Option<&str>,
    ) -> Result<Self, ScheduleError> {
        let automatically_after_days = days.map(parse_days).transpose()?;
        let duration_hours = duration.map(parse_duration).transpose()?;
        let schedule = match (automatically_after_days, &expression) {
            (Some(_), Some(_)) => return Err(ScheduleError::Both),
            (Some(days), None) => Some(Schedule::Days(days)),
            (None, Some(expression)) => Some(Schedule::parse(expression)?),
            (None, None) => None,
        };
        let rules = Self {
            automatically_after_days,
            expression,
            duration_hours,
            schedule,
        };
        rules.check_window()?;
        Ok(rules)
    }

    /// The first window that opens after `after`; `None` without a schedule.
    pub(crate) fn next_window(&self, after: Timestamp) -> Option<Window> {
        let schedule = self.schedule.as_ref()?;
        let start = schedule.next_run(after)?;
        Some(Window {
            start,
            end: start.checked_add(self.window_length(start)).ok()?,
        })
    }

    /// When the next rotation begins after `after`.
    pub(crate) fn next_run(&self, after: Timestamp) -> Option<Timestamp> {
        self.schedule.as_ref()?.next_run(after)
    }

    /// By default an hour for a schedule in hours, else the rest of the UTC day.
    fn window_length(&self, start: Timestamp) -> SignedDuration {
        match (self.duration_hours, &self.schedule) {
            (Some(hours), _) => SignedDuration::from_hours(i64::from(hours)),
            (None, Some(Schedule::Hours(_) | Schedule::Cron { hourly: true, .. })) => HOUR,
            (None, _) => rest_of_day(start),
        }
    }

    /// The window must end before the next one opens, and on the day it opened.
    fn check_window(&self) -> Result<(), ScheduleError> {
        let mut after = Timestamp::UNIX_EPOCH;
        for _ in 0..SAMPLES {
            let Some(window) = self.next_window(after) else {
                return Ok(());
            };
            let too_long = match &self.schedule {
                Some(Schedule::Hours(hours)) => self
                    .duration_hours
                    .is_some_and(|length| u16::from(length) > *hours),
                _ => window.end.duration_since(window.start) > rest_of_day(window.start),
            };
            let overlaps = self.next_run(window.start).is_some_and(|next| next < window.end);
            if too_long || overlaps {
                return Err(ScheduleError::WindowTooLong);
            }
            after = window.start;
        }
        Ok(())
    }
}

impl Schedule {
    fn parse(expression: &str) -> Result<Self, ScheduleError> {
        let wrong = |reason| ScheduleError::Expression {
            expression: expression.to_owned(),
            reason,
        };
        let inner = |name: &str| {
            let rest = expression.strip_prefix(name)?;
            rest.strip_prefix('(')?.strip_suffix(')')
        };
        if let Some(rate) = inner("rate") {
            parse_rate(rate).map_err(wrong)
        } else if let Some(cron) = inner("cron") {
            parse_cron(cron).map_err(wrong)
        } else {
            Err(wrong("it must be rate(…) or cron(…)"))
        }
    }

    fn next_run(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Days(days) => {
                let day = Offset::UTC.to_datetime(after).date();
                let day = day.checked_add(i64::from(*days).days()).ok()?;
                Offset::UTC
                    .to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
                    .ok()
            }
            Self::Hours(hours) => {
                let interval = i64::from(*hours) * 3600;
                let slot = after.as_second().div_euclid(interval);
                Timestamp::from_second((slot + 1) * interval).ok()
            }
            Self::Cron { pattern, .. } => {
                let next = pattern
                    .find_next_occurrence(&Offset::UTC.to_datetime(after), false)
                    .ok()?;
                Offset::UTC.to_timestamp(next).ok()
            }
        }
    }
}

fn parse_days(days: i64) -> Result<u16, ScheduleError> {
    match u16::try_from(days) {
        Ok(days @ 1..=1000) => Ok(days),
        _ => Err(ScheduleError::Days(days)),
    }
}

fn parse_duration(duration: &str) -> Result<u8, ScheduleError> {
    match duration.strip_suffix('h').map(str::parse) {
        Some(Ok(hours @ 1..=24)) => Ok(hours),
        _ => Err(ScheduleError::Duration(duration.to_owned())),
    }
}

/// `4 hours`, `1 day`, `10 days`: from 4 hours to 999 days (user guide, rotation schedules).
fn parse_rate(rate: &str) -> Result<Schedule, &'static str> {
    let (value, unit) = rate.split_once(' ').ok_or("rate() takes a value and a unit")?;
    let value: u16 = value
        .parse()
        .map_err(|_| "the value of rate() must be a positive integer")?;
    match (unit, value) {
        ("hour" | "hours", 4..=LONGEST_HOURS) => Ok(Schedule::Hours(value)),
        ("hour" | "hours", _) => Err("hours must be from 4 to 23976"),
        ("day" | "days", 1..=999) => Ok(Schedule::Days(value)),
        ("day" | "days", _) => Err("days must be from 1 to 999"),
        _ => Err("the unit of rate() must be hours or days"),
    }
}

/// `Minutes Hours Day-of-month Month Day-of-week Year`, weekdays from SUN=1.
fn parse_cron(cron: &str) -> Result<Schedule, &'static str> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else {
        return Err("cron() takes six fields");
    };
    if minutes != "0" {
        return Err("the minutes of cron() must be 0");
    }
    if year != "*" {
        return Err("the year of cron() must be *");
    }
    if (day_of_month == "?") == (day_of_week == "?") {
        return Err("exactly one of day-of-month and day-of-week must be ?");
    }
    if day_of_month.to_ascii_uppercase().contains('W') {
        return Err("W is no part of a rotation's cron()");
    }
    let pattern = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .alternative_weekdays(true)
        .sloppy_ranges(true)
        .build()
        .parse(&[minutes, hours, day_of_month, month, day_of_week].join(" "))
        .map_err(|_| "a field of cron() is not as AWS writes it")?;
    let hourly = hours.parse::<u8>().is_err();
    let schedule = Schedule::Cron {
        pattern: Box::new(pattern),
        hourly,
    };
    check_interval(&schedule)?;
    Ok(schedule)
}

fn check_interval(schedule: &Schedule) -> Result<(), &'static str> {
    let mut last = schedule
        .next_run(Timestamp::UNIX_EPOCH)
        .ok_or("cron() never comes")?;
    for _ in 0..SAMPLES {
        let Some(next) = schedule.next_run(last) else {
            return Ok(());
        };
        if next.duration_since(last) < SHORTEST_INTERVAL {
            return Err("a secret can be rotated every four hours at most");
        }
        last = next;
    }
    Ok(())
}

/// The beginning of the UTC day of `at`.
pub(crate) fn midnight(at: Timestamp) -> Timestamp {
    let seconds = at.as_second().div_euclid(86_400) * 86_400;
    Timestamp::from_second(seconds).unwrap_or(at)
}

/// From `start` to the day's last second.
fn rest_of_day(start: Timestamp) -> SignedDuration {
    let clock: DateTime = Offset::UTC.to_datetime(start);
    let passed = i64::from(clock.hour()) * 3600 + i64::from(clock.minute()) * 60 + i64::from(clock.second());
    SignedDuration::from_secs(86_400 - passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rules(expression: &str) -> Rules {
        Rules::new(None, Some(expression.to_owned()), None).unwrap()
    }

    #[track_caller]
    fn runs(expression: &str, after: &str, expected: &[&str]) {
        let rules = rules(expression);
        let mut last = at(after);
        for expected in expected {
            last = rules.next_run(last).unwrap();
            assert_eq!(last, at(expected), "{expression}");
        }
    }

    #[track_caller]
    fn refused(expression: &str) {
        let error = Rules::new(None, Some(expression.to_owned()), None).unwrap_err();
        assert!(
            matches!(error, ScheduleError::Expression { .. }),
            "{expression}: {error}"
        );
    }

    #[test]
    fn fact_18_a_rate_in_hours_opens_on_the_grid_from_midnight() {
        runs(
            "rate(4 hours)",
            "2026-02-28T21:10:00Z",
            &["2026-03-01T00:00:00Z", "2026-03-01T04:00:00Z"],
        );
        runs(
            "rate(12 hours)",
            "2026-02-28T12:00:00Z",
            &["2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z"],
        );
    }

    #[test]
    fn fact_18_a_rate_in_days_opens_at_midnight() {
        runs(
            "rate(1 day)",
            "2026-02-28T21:10:00Z",
            &["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"],
        );
        runs("rate(10 days)", "2026-02-28T21:10:00Z", &["2026-03-10T00:00:00Z"]);
    }

    #[test]
    fn fact_18_cron_as_the_user_guide_writes_it() {
        runs(
            "cron(0 8/8 * * ? *)",
            "2026-01-01T07:00:00Z",
            &[
                "2026-01-01T08:00:00Z",
                "2026-01-01T16:00:00Z",
                "2026-01-02T08:00:00Z",
            ],
        );
        runs(
            "cron(0 /8 * * ? *)",
            "2026-01-01T07:00:00Z",
            &[
                "2026-01-01T08:00:00Z",
                "2026-01-01T16:00:00Z",
                "2026-01-02T00:00:00Z",
            ],
        );
        runs(
            "cron(0 8 1/7 * ? *)",
            "2026-01-01T08:00:00Z",
            &["2026-01-08T08:00:00Z"],
        );
        runs(
            "cron(0 0 ? * SUN#1 *)",
            "2026-01-01T00:00:00Z",
            &["2026-01-04T00:00:00Z", "2026-02-01T00:00:00Z"],
        );
        runs(
            "cron(0 0 ? * 1#1 *)",
            "2026-01-01T00:00:00Z",
            &["2026-01-04T00:00:00Z"],
        );
        runs(
            "cron(0 16 L * ? *)",
            "2026-02-01T00:00:00Z",
            &["2026-02-28T16:00:00Z", "2026-03-31T16:00:00Z"],
        );
        runs(
            "cron(0 22 ? * MON-FRI *)",
            "2026-01-02T22:00:00Z",
            &["2026-01-05T22:00:00Z"],
        );
    }

    #[test]
    fn fact_18_what_aws_does_not_take_is_refused() {
        for expression in [
            "rate(3 hours)",
            "rate(23977 hours)",
            "rate(0 days)",
            "rate(1000 days)",
            "rate(4 minutes)",
            "rate(-1 days)",
            "rate(4hours)",
            "cron(5 8 * * ? *)",
            "cron(0 8 * * ? 2027)",
            "cron(0 /3 * * ? *)",
            "cron(0 0,22 * * ? *)",
            "cron(0 8 1 * MON *)",
            "cron(0 8 * * * *)",
            "cron(0 8 ? * ? *)",
            "cron(0 8 * * ?)",
            "cron(0 25 * * ? *)",
            "every(4 hours)",
            "rate(4 hours",
            "",
        ] {
            refused(expression);
        }
    }

    #[test]
    fn fact_18_automatically_after_days_is_1_to_1000() {
        for days in [0, -1, 1001] {
            assert_eq!(Rules::new(Some(days), None, None), Err(ScheduleError::Days(days)));
        }
        let rules = Rules::new(Some(30), None, None).unwrap();
        let window = rules.next_window(at("2026-01-01T15:00:00Z")).unwrap();
        assert_eq!(window.start, at("2026-01-31T00:00:00Z"));
        assert_eq!(window.end, at("2026-02-01T00:00:00Z"));
    }

    #[test]
    fn fact_18_both_forms_at_once_are_refused() {
        let both = Rules::new(Some(1), Some("rate(1 day)".to_owned()), None);
        assert_eq!(both, Err(ScheduleError::Both));
    }

    #[test]
    fn fact_18_the_window_is_an_hour_for_hours_and_the_day_for_days() {
        let start = at("2026-01-01T00:00:00Z");
        let hours = rules("rate(4 hours)").next_window(start).unwrap();
        assert_eq!(hours.end.duration_since(hours.start), HOUR);
        let days = rules("cron(0 16 * * ? *)").next_window(start).unwrap();
        assert_eq!(days.end, at("2026-01-02T00:00:00Z"));
    }

    #[test]
    fn fact_18_a_duration_may_not_reach_into_the_next_window_or_day() {
        let with = |expression: &str, duration| Rules::new(None, Some(expression.to_owned()), Some(duration));
        assert_eq!(with("rate(4 hours)", "5h"), Err(ScheduleError::WindowTooLong));
        assert_eq!(
            with("cron(0 22 * * ? *)", "3h"),
            Err(ScheduleError::WindowTooLong)
        );
        assert_eq!(
            with("cron(0 8/8 * * ? *)", "9h"),
            Err(ScheduleError::WindowTooLong)
        );
        assert_eq!(
            with("rate(1 day)", "25h"),
            Err(ScheduleError::Duration("25h".to_owned()))
        );
        assert_eq!(
            with("rate(1 day)", "3"),
            Err(ScheduleError::Duration("3".to_owned()))
        );
        assert_eq!(with("cron(0 22 * * ? *)", "2h").unwrap().duration_hours, Some(2));
        assert_eq!(with("rate(4 hours)", "4h").unwrap().duration_hours, Some(4));
    }
}
