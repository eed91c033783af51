//! CloudWatch metrics, in the embedded metric format: a JSON line in the log, from which CloudWatch makes metrics.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;

/// The metrics' namespace.
const NAMESPACE: &str = "Keywheel";

/// What one step came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome<'a> {
    /// The function's name.
    pub(super) function: &'a str,
    /// The step's name, `unknown` if the payload named none.
    pub(super) step: &'a str,
    /// The cause's code, `None` after success.
    pub(super) code: Option<&'a str>,
    /// The secret, as a property to search for, not as a dimension: a fleet has many.
    pub(super) secret: Option<&'a str>,
    /// The version that the rotation makes; a property, too.
    pub(super) version: Option<&'a str>,
    /// How long the step took.
    pub(super) duration: Duration,
}

/// The line for one step: `Duration` in milliseconds and `Steps`, a count of one, by function and step with
/// the outcome, and by step with the code.
///
/// Source: the CloudWatch embedded metric format specification.
pub(super) fn line(outcome: &Outcome<'_>, at: SystemTime) -> Value {
    let timestamp = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let word = if outcome.code.is_some() {
        "failed"
    } else {
        "succeeded"
    };
    json!({
        "_aws": {
            "Timestamp": u64::try_from(timestamp).unwrap_or(u64::MAX),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Function", "Step", "Outcome"], ["Function", "Step", "Code"], ["Function", "Outcome"]],
                "Metrics": [{"Name": "Duration", "Unit": "Milliseconds"}, {"Name": "Steps", "Unit": "Count"}],
            }],
        },
        "Function": outcome.function,
        "Step": outcome.step,
        "Outcome": word,
        "Code": outcome.code.unwrap_or("None"),
        "SecretId": outcome.secret,
        "VersionId": outcome.version,
        "Duration": milliseconds(outcome.duration),
        "Steps": 1,
    })
}

/// Makes a metric of each event that tells of one, whatever the level of the log: `Warnings`, of a warning that has a
/// `code`, and `Keys`, of a `key.state`.
pub(super) struct Counting<W> {
    /// The function's name.
    pub(super) function: String,
    /// Where the lines go.
    pub(super) writer: W,
}

impl<S, W> Layer<S> for Counting<W>
where
    S: Subscriber,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let counted = match (*event.metadata().level(), &told.code, &told.state) {
            (Level::WARN, Some(code), _) => ("Warnings", "Code", code),
            (_, _, Some(state)) => ("Keys", "KeyState", state),
            _ => return,
        };
        let line = count(&self.function, counted, told.secret.as_deref(), now());
        // A metric that cannot be written is no reason to fail a rotation.
        let _ = writeln!(self.writer.make_writer(), "{line}");
    }
}

/// The fields of an event that a metric is made of.
#[derive(Default)]
struct Told {
    code: Option<String>,
    state: Option<String>,
    secret: Option<String>,
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        let place = match field.name() {
            "code" => &mut self.code,
            "key.state" => &mut self.state,
            "secret.id" => &mut self.secret,
            _ => return,
        };
        *place = Some(value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // A value that is recorded by its Display comes here.
        if field.name() == "secret.id" {
            self.secret = Some(format!("{value:?}"));
        }
    }
}

/// The line for one thing that is counted: the metric, the dimension beside the function, and its value.
fn count(
    function: &str,
    (metric, dimension, value): (&str, &str, &String),
    secret: Option<&str>,
    at: SystemTime,
) -> Value {
    let timestamp = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    json!({
        "_aws": {
            "Timestamp": u64::try_from(timestamp).unwrap_or(u64::MAX),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Function", dimension]],
                "Metrics": [{"Name": metric, "Unit": "Count"}],
            }],
        },
        "Function": function,
        dimension: value,
        "SecretId": secret,
        metric: 1,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: from here on time is an argument"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

/// Milliseconds with three decimals.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: Option<&str>) -> Value {
        let outcome = Outcome {
            function: "f",
            step: "setSecret",
            code,
            secret: Some("orders/db"),
            version: Some("79440b51"),
            duration: Duration::from_micros(12_345),
        };
        line(&outcome, UNIX_EPOCH + Duration::from_secs(2))
    }

    #[test]
    fn every_dimension_and_metric_has_its_value() {
        for line in [of(None), of(Some("LoginRefused"))] {
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            for dimension in directive["Dimensions"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|set| set.as_array().unwrap())
            {
                assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
            }
            for metric in directive["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
            }
        }
    }

    #[test]
    fn secret_and_version_are_properties_and_no_dimensions() {
        let line = of(None);
        assert_eq!(
            (&line["SecretId"], &line["VersionId"]),
            (&"orders/db".into(), &"79440b51".into())
        );
        let dimensions = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"].to_string();
        assert!(!dimensions.contains("Id"), "{dimensions}");
    }

    #[test]
    fn what_is_counted_has_its_dimension() {
        let line = count(
            "f",
            ("Keys", "KeyState", &"not shown".to_owned()),
            None,
            UNIX_EPOCH,
        );
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Function", "KeyState"]]));
        assert_eq!(
            (&line["KeyState"], &line["Keys"]),
            (&"not shown".into(), &1.into())
        );
    }

    #[test]
    fn a_failure_is_counted_under_its_code() {
        let line = of(Some("LoginRefused"));
        assert_eq!(
            (&line["Outcome"], &line["Code"]),
            (&"failed".into(), &"LoginRefused".into())
        );
        assert_eq!(line["Duration"], 12.345);
        assert_eq!(line["_aws"]["Timestamp"], 2000);
    }
}
