//! Many rotations at once, of as many users of one server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keywheel_tests::world::client;
use secrets_manager_local::FunctionError;
use serde_json::json;
use staging_labels::Step;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::Anything;
use crate::figures::{Row, milliseconds};
use crate::scene::Scene;

/// How many secrets, and how many of them are rotated at once.
pub(super) const SIZES: [(usize, usize); 5] = [(1, 1), (10, 10), (100, 100), (500, 500), (500, 20)];
/// Waits before what failed is attempted again, from createSecret on. AWS does not say how long its own are.
const RETRIES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// What a case is called.
pub(super) fn name(count: usize, limit: usize) -> String {
    if limit < count {
        format!("at once: {limit} of {count}")
    } else {
        format!("at once: {count}")
    }
}

/// One rotation, with all its attempts.
struct Rotation {
    took: Duration,
    /// Of the attempt that succeeded.
    steps: Vec<Duration>,
    /// With which attempts failed.
    failed: Vec<String>,
    done: bool,
}

pub(super) async fn measure(scene: &Arc<Scene>, count: usize, limit: usize) -> Anything<Vec<Row>> {
    let secrets = secrets(scene, count).await?;
    let over = Arc::new(AtomicBool::new(false));
    let watch = tokio::spawn(most_connections(Arc::clone(scene), Arc::clone(&over)));
    let places = Arc::new(Semaphore::new(limit));
    let start = Instant::now();
    let mut running = Vec::new();
    for (secret, token) in secrets {
        let (scene, places) = (Arc::clone(scene), Arc::clone(&places));
        running.push(tokio::spawn(async move {
            let _place = places.acquire_owned().await;
            rotate(&scene, &secret, &token).await
        }));
    }
    let mut rotations = Vec::new();
    for rotation in running {
        rotations.push(rotation.await?);
    }
    let took = start.elapsed();
    over.store(true, Ordering::Relaxed);
    let connections = watch.await?;
    rows(&rotations, took, connections)
}

fn rows(rotations: &[Rotation], took: Duration, connections: f64) -> Anything<Vec<Row>> {
    let mut rows = Vec::new();
    rows.extend(Row::of("all of them", "ms", &[milliseconds(took)]));
    let each: Vec<_> = rotations
        .iter()
        .map(|rotation| milliseconds(rotation.took))
        .collect();
    rows.extend(Row::of("rotation", "ms", &each));
    for (number, step) in Step::ALL.into_iter().enumerate() {
        let times: Vec<_> = rotations
            .iter()
            .filter_map(|rotation| rotation.steps.get(number))
            .map(|time| milliseconds(*time))
            .collect();
        rows.extend(Row::of(step.name(), "ms", &times));
    }
    rows.extend(Row::of("connections to the database, most", "", &[connections]));
    let mut failed = BTreeMap::<&str, u32>::new();
    for error in rotations.iter().flat_map(|rotation| &rotation.failed) {
        *failed.entry(error).or_default() += 1;
    }
    for (error, times) in failed {
        rows.extend(Row::of(
            &format!("attempts that failed: {error}"),
            "",
            &[times.into()],
        ));
    }
    let left = rotations.iter().filter(|rotation| !rotation.done).count();
    rows.extend(Row::of(
        "secrets that were not rotated",
        "",
        &[u32::try_from(left)?.into()],
    ));
    Ok(rows)
}

/// A role and a secret for each, and the token of its rotation.
async fn secrets(scene: &Scene, count: usize) -> Anything<Vec<(String, String)>> {
    let database = scene
        .database()
        .ok_or("rotations at once are measured with a database")?;
    let secrets = client(&scene.aws().url());
    let current = secrets
        .get_secret_value()
        .secret_id(scene.secret())
        .send()
        .await?;
    let mut value: serde_json::Value = serde_json::from_str(current.secret_string().unwrap_or_default())?;
    let mut made = Vec::new();
    for number in 0..count {
        let (role, password) = (
            format!("{}_{number}", database.name()),
            Uuid::new_v4().to_string(),
        );
        database
            .sql(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'"))
            .await;
        scene.give_to_admin(&role).await;
        value["username"] = json!(role);
        value["password"] = json!(password);
        let secret = secrets
            .create_secret()
            .name(&role)
            .secret_string(value.to_string())
            .send()
            .await?;
        let secret = secret.arn.ok_or("a secret without an ARN")?;
        let token = Uuid::new_v4().to_string();
        scene.aws().stage_pending(&secret, &token)?;
        made.push((secret, token));
    }
    Ok(made)
}

async fn rotate(scene: &Scene, secret: &str, token: &str) -> Rotation {
    let start = Instant::now();
    let mut rotation = Rotation {
        took: Duration::ZERO,
        steps: Vec::new(),
        failed: Vec::new(),
        done: false,
    };
    let waits = RETRIES.into_iter().map(Some).chain([None]);
    for wait in waits {
        match scene.deliver(secret, token).await {
            Ok(invocations) => {
                rotation.done = true;
                rotation.steps = invocations.iter().map(|invocation| invocation.duration).collect();
                break;
            }
            Err(FunctionError { error_type, .. }) => rotation.failed.push(error_type),
        }
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
    }
    rotation.took = start.elapsed();
    rotation
}

/// The most sessions of users at one time, as far as one look in 50 ms shows it.
async fn most_connections(scene: Arc<Scene>, over: Arc<AtomicBool>) -> f64 {
    const LOOK: &str = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name NOT LIKE 'harness%'";
    let mut most = 0.0_f64;
    while let Some(database) = scene.database().filter(|_| !over.load(Ordering::Relaxed)) {
        let now = database.cluster().value(LOOK).await;
        most = most.max(now.parse().unwrap_or_default());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    most
}
