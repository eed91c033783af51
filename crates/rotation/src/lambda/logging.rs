//! The function's log: Lambda's settings obeyed, foreign crates kept out.
//!
//! Only Keywheel's own crates are heard, at any level: the runtime prints payloads at TRACE, and database
//! drivers print SQL at DEBUG. `RUST_LOG` is not read for the same reason.

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, fmt};

use super::metrics::Counting;

/// The crates that may log.
const HEARD: [&str; 3] = ["rotation", "rotate_postgres", "rotate_api_key"];

/// What `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL` ask for. Lambda sets both; outside it, text at INFO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogSettings {
    json: bool,
    level: LevelFilter,
    function: String,
}

impl LogSettings {
    /// Reads the two variables. What Lambda does not know is taken as its default, INFO: a log is no reason
    /// not to rotate.
    pub(super) fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let json = get("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
        let level = get("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default();
        Self {
            json,
            level: level_named(&level),
            function: get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
        }
    }

    /// A subscriber that writes to `writer`, a line an event, and a metric of those that are counted.
    pub(super) fn subscriber<W>(self, writer: W) -> Box<dyn Subscriber + Send + Sync>
    where
        W: for<'w> MakeWriter<'w> + Clone + Send + Sync + 'static,
    {
        let heard = |level| Targets::new().with_targets(HEARD.map(|target| (target, level)));
        let counting = Counting {
            function: self.function,
            writer: writer.clone(),
        };
        let registry = tracing_subscriber::registry().with(counting.with_filter(heard(LevelFilter::INFO)));
        let heard = heard(self.level);
        if self.json {
            let layer = fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false);
            Box::new(registry.with(layer.with_writer(writer).with_filter(heard)))
        } else {
            let layer = fmt::layer().with_ansi(false);
            Box::new(registry.with(layer.with_writer(writer).with_filter(heard)))
        }
    }
}

/// Lambda's level names. FATAL is above every event there is here.
fn level_named(name: &str) -> LevelFilter {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "WARN" => LevelFilter::WARN,
        "ERROR" => LevelFilter::ERROR,
        "FATAL" => LevelFilter::OFF,
        _ => LevelFilter::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: &str, level: &str) -> String {
        let settings = LogSettings::from_env(&|name| match name {
            "AWS_LAMBDA_LOG_FORMAT" => Some(format.to_owned()),
            "AWS_LAMBDA_LOG_LEVEL" => Some(level.to_owned()),
            _ => None,
        });
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(settings.subscriber(move || writer.clone()), || {
            tracing::info!(target: "rotation", { secret.id = "orders/db" }, "done");
            tracing::error!(target: "rotation", "failed");
            tracing::warn!(target: "rotation", { secret.id = %"orders/db", code = "RoleUnknown" }, "beware");
            tracing::info!(target: "rotate_api_key", { key.state = "not shown" }, "revoked");
            tracing::error!(target: "lambda_runtime", "canary");
            tracing::error!(target: "tokio_postgres", "canary");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_have_timestamp_level_message_and_fields_at_the_top() {
        let log = logged("JSON", "INFO");
        let line: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&line["level"], &line["message"]),
            (&"INFO".into(), &"done".into())
        );
        assert_eq!(line["secret.id"], "orders/db");
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn what_is_counted_is_counted_at_every_level() {
        for level in ["TRACE", "ERROR", "FATAL"] {
            let log = logged("JSON", level);
            let metric = |name: &str| {
                log.lines()
                    .filter(|line| line.contains(&format!("\"{name}\":1")))
                    .count()
            };
            assert_eq!((metric("Warnings"), metric("Keys")), (1, 1), "{level}: {log}");
            assert!(log.contains("\"Code\":\"RoleUnknown\"") && log.contains("\"KeyState\":\"not shown\""));
            assert!(log.contains("\"SecretId\":\"orders/db\""));
        }
    }

    #[test]
    fn text_is_the_default() {
        assert!(logged("", "").contains("INFO rotation: done"));
    }

    #[test]
    fn foreign_crates_are_never_heard() {
        for level in ["TRACE", "DEBUG", "INFO"] {
            assert!(!logged("JSON", level).contains("canary"));
        }
    }

    #[test]
    fn levels_are_lambdas() {
        let lines = |level| {
            logged("JSON", level)
                .lines()
                .filter(|line| !line.contains("_aws"))
                .count()
        };
        assert_eq!(lines("ERROR"), 1);
        assert_eq!(lines("fatal"), 0);
        assert_eq!(lines("TRACE"), 4);
    }
}
