//! How many round trips follow one another: by how much longer a step takes if each answer takes longer.
//!
//! What is done at the same time counts once. The set-up of a TCP connection does not count: the proxy accepts it at once. The figures
//! depend neither on the machine nor on the build.

use std::time::Duration;

use staging_labels::Step;

use super::Anything;
use super::figures::{Row, Table, milliseconds};
use super::scene::Scene;

/// By which each answer is delayed.
const DELAY: Duration = Duration::from_millis(40);
/// Rotations with each delay, as many to either of two users.
const ROTATIONS: u32 = 6;

/// A table of the round trips of each step, to either side.
pub(crate) async fn measure(scene: &Scene, function: &str) -> Anything<Table> {
    // A process that has its connections to Secrets Manager, and a clone that is made.
    let ready = [(); 2];
    for () in ready {
        scene.rotate().await?;
    }
    let base = steps(scene, Duration::ZERO, Duration::ZERO).await?;
    let mut rows = Vec::new();
    let mut sides = vec![("Secrets Manager", DELAY, Duration::ZERO)];
    if scene.database().is_some() {
        sides.push(("database", Duration::ZERO, DELAY));
    }
    for (side, secrets_manager, database) in sides {
        let slow = steps(scene, secrets_manager, database).await?;
        let slopes: Vec<_> = base
            .iter()
            .zip(&slow)
            .map(|(base, slow)| (slow - base) / milliseconds(DELAY))
            .collect();
        for (step, slope) in Step::ALL.into_iter().zip(&slopes) {
            rows.extend(Row::of(&format!("{side}, {step}"), "round trips", &[*slope]));
        }
        let sum = slopes.iter().sum();
        rows.extend(Row::of(&format!("{side}, rotation"), "round trips", &[sum]));
    }
    scene.delay(Duration::ZERO, Duration::ZERO)?;
    Ok(Table {
        function: function.to_owned(),
        rows,
    })
}

/// The mean time of each step, in milliseconds.
async fn steps(scene: &Scene, secrets_manager: Duration, database: Duration) -> Anything<[f64; 4]> {
    scene.delay(secrets_manager, database)?;
    let mut sums = [0.0; 4];
    for _ in 0..ROTATIONS {
        let rotation = scene.rotate().await?;
        for (sum, invocation) in sums.iter_mut().zip(&rotation) {
            *sum += milliseconds(invocation.duration);
        }
    }
    Ok(sums.map(|sum| sum / f64::from(ROTATIONS)))
}
