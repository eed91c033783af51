//! The metrics that a function wrote into its log in CloudWatch's embedded metric format.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::engine::Core;

/// What makes a line of the log one of metrics.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_aws")]
    metadata: Metadata,
    #[serde(flatten)]
    members: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: Option<i64>,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    #[serde(default)]
    dimensions: Vec<Vec<String>>,
    metrics: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: String,
    unit: Option<String>,
}

/// `GET /_local/functions/NAME/metrics`
pub(super) async fn list(State(core): State<Arc<Core>>, Path(name): Path<String>) -> Json<Vec<Value>> {
    let lines = core.host.logs(&name);
    Json(lines.iter().flat_map(|line| metrics(line)).collect())
}

/// One entry a metric and set of dimensions; nothing if the line is another one.
fn metrics(line: &str) -> Vec<Value> {
    let Ok(Line { metadata, members }) = serde_json::from_str(line) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for directive in metadata.cloud_watch_metrics {
        let sets = if directive.dimensions.is_empty() {
            vec![Vec::new()]
        } else {
            directive.dimensions
        };
        for metric in &directive.metrics {
            let Some(value) = members.get(&metric.name) else {
                continue;
            };
            found.extend(sets.iter().map(|names| {
                let member = |name: &String| Some((name.clone(), members.get(name)?.clone()));
                json!({
                    "Namespace": directive.namespace,
                    "MetricName": metric.name,
                    "Dimensions": names.iter().filter_map(member).collect::<Map<_, _>>(),
                    "Unit": metric.unit.as_deref().unwrap_or("None"),
                    "Timestamp": metadata.timestamp,
                    "Value": value,
                })
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_for_each_metric_and_set_of_dimensions() {
        let line = json!({
            "_aws": { "Timestamp": 7, "CloudWatchMetrics": [{
                "Namespace": "App",
                "Dimensions": [["Step"], ["Step", "Region"]],
                "Metrics": [{ "Name": "Duration", "Unit": "Milliseconds" }, { "Name": "Absent" }],
            }] },
            "Step": "setSecret", "Region": "us-east-1", "Duration": 12,
        });
        let found = metrics(&line.to_string());
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            json!({ "Namespace": "App", "MetricName": "Duration", "Dimensions": { "Step": "setSecret" },
                    "Unit": "Milliseconds", "Timestamp": 7, "Value": 12 })
        );
        assert_eq!(
            found[1]["Dimensions"],
            json!({ "Step": "setSecret", "Region": "us-east-1" })
        );
    }

    #[test]
    fn other_lines_are_none() {
        for line in ["started", "{}", r#"{"_aws": 1}"#, r#"{"level":"INFO"}"#] {
            assert_eq!(metrics(line), Vec::<Value>::new(), "{line}");
        }
    }
}
