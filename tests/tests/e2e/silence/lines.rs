//! The log's shape: one line for a step and one for its metrics, by the level and in the format asked for.

use keywheel_tests::postgres::Server;
use keywheel_tests::world::{FUNCTION, Setup, World};
use secrets_manager_local::Invocation;
use serde_json::{Value, json};
use staging_labels::Step;

use super::whole_log;

/// A world whose function logs in `format` at `level`.
async fn logging(format: &str, level: &str) -> World {
    let setup = Setup::on(Server::Main)
        .env("AWS_LAMBDA_LOG_FORMAT", format)
        .env("RUNBOOK_URL", "https://wiki.test/{code}.html");
    setup.env("AWS_LAMBDA_LOG_LEVEL", level).start().await
}

async fn deliver(world: &World, token: &str, step: Step) -> Invocation {
    let payload = json!({"Step": step.name(), "SecretId": world.secret, "ClientRequestToken": token});
    let invocation = world.aws.invoke(FUNCTION, payload.to_string()).await;
    invocation.expect("the function is there")
}

/// Delivers a step that there is none of: it fails at once.
async fn fail(world: &World) -> Invocation {
    let payload =
        json!({"Step": "dropSecret", "SecretId": world.secret, "ClientRequestToken": "0".repeat(36)});
    let invocation = world.aws.invoke(FUNCTION, payload.to_string()).await;
    invocation.expect("the function is there")
}

/// The lines that are metrics, and the others.
fn split(lines: &[String]) -> (Vec<Value>, Vec<String>) {
    let (metrics, others): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.contains(r#""_aws""#));
    let parsed = metrics
        .into_iter()
        .map(|line| serde_json::from_str(line).expect("a metric is JSON"));
    (parsed.collect(), others.into_iter().cloned().collect())
}

fn is_positive_number(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number > 0.0)
}

#[tokio::test]
async fn every_invocation_leaves_one_line_for_the_step_and_one_for_the_metrics() {
    let world = logging("JSON", "INFO").await;
    let token = world.stage();
    let mut requests = Vec::new();
    for step in Step::ALL {
        let invocation = deliver(&world, &token, step).await;
        assert_eq!(invocation.error, None);
        requests.push(invocation.request_id);
    }

    let (metrics, others) = split(&whole_log(&world).await);
    assert_eq!((metrics.len(), others.len()), (4, 4), "{others:#?}");
    let actions = ["stage", "switch", "confirm", "confirm"];
    for (index, step) in Step::ALL.into_iter().enumerate() {
        let line: Value = serde_json::from_str(&others[index]).expect("a line is JSON");
        assert_eq!(line["requestId"], requests[index].as_str(), "{line}");
        assert_eq!(line["level"], "INFO", "{line}");
        assert_eq!(line["secret.id"], world.secret.as_str(), "{line}");
        assert_eq!(line["version.id"], token.as_str(), "{line}");
        assert_eq!(line["rotation.strategy"], "single-user", "{line}");
        assert_eq!(line["rotation.step"], step.name(), "{line}");
        assert_eq!(line["rotation.action"], actions[index], "{line}");
        assert_eq!(line["outcome"], "succeeded", "{line}");
        assert!(is_positive_number(&line["step.duration_ms"]), "{line}");
        assert!(
            line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')),
            "{line}"
        );

        let metric = &metrics[index];
        let told = ["Function", "Step", "Outcome", "Code", "SecretId"].map(|key| metric[key].as_str());
        let expected = [FUNCTION, step.name(), "succeeded", "None", &world.secret];
        assert_eq!(told, expected.map(Some), "{metric}");
        assert!(
            is_positive_number(&metric["Duration"]) && metric["Steps"] == 1,
            "{metric}"
        );
    }
}

#[tokio::test]
async fn a_failed_step_says_why_in_the_answer_the_log_and_the_metric() {
    let world = logging("JSON", "INFO").await;
    let token = "0".repeat(36);
    let invocation = deliver(&world, &token, Step::Set).await;
    let error = invocation.error.expect("the token is staged nowhere");
    assert_eq!(error.error_type, "VersionUnknown");

    let (metrics, others) = split(&whole_log(&world).await);
    assert_eq!((metrics.len(), others.len()), (1, 1), "{others:#?}");
    let line: Value = serde_json::from_str(&others[0]).expect("a line is JSON");
    assert_eq!(line["requestId"], invocation.request_id.as_str());
    assert_eq!(
        (&line["level"], &line["outcome"]),
        (&"ERROR".into(), &"failed".into()),
        "{line}"
    );
    assert_eq!(
        (&line["error.code"], &line["error.kind"]),
        (&"VersionUnknown".into(), &"rotation".into())
    );
    assert_eq!(line["error.page"], "https://wiki.test/VersionUnknown.html");
    assert_eq!(
        line["message"],
        error.error_message.as_str(),
        "what is answered is what is logged"
    );
    assert_eq!(
        (&metrics[0]["Code"], &metrics[0]["Outcome"]),
        (&"VersionUnknown".into(), &"failed".into())
    );
    assert_eq!(metrics[0]["Step"], "setSecret");
}

/// What each level lets through of a step that succeeds and of one that fails: the metrics stay at every level.
#[tokio::test]
async fn the_level_decides_which_lines_there_are() {
    for (level, lines) in [
        ("DEBUG", 2),
        ("info", 2),
        ("WARN", 1),
        ("ERROR", 1),
        ("FATAL", 0),
        ("LOUD", 2),
    ] {
        let world = logging("JSON", level).await;
        let token = world.stage();
        assert_eq!(deliver(&world, &token, Step::Create).await.error, None);
        assert!(fail(&world).await.error.is_some());
        let (metrics, others) = split(&whole_log(&world).await);
        assert_eq!((metrics.len(), others.len()), (2, lines), "{level}: {others:#?}");
    }
}

#[tokio::test]
async fn the_text_format_is_text_and_its_metrics_are_still_json() {
    let world = logging("Text", "INFO").await;
    let token = world.stage();
    let created = deliver(&world, &token, Step::Create).await;
    let failed = fail(&world).await;

    let (metrics, others) = split(&whole_log(&world).await);
    assert_eq!((metrics.len(), others.len()), (2, 2), "{others:#?}");
    for (line, invocation, word) in [(&others[0], &created, "INFO"), (&others[1], &failed, "ERROR")] {
        assert!(serde_json::from_str::<Value>(line).is_err(), "{line}");
        for part in [word, &invocation.request_id, &world.secret] {
            assert!(line.contains(part), "{line}");
        }
    }
    assert!(others[0].contains("createSecret: stage"), "{}", others[0]);
    assert!(others[1].contains("StepUnknown"), "{}", others[1]);
}
