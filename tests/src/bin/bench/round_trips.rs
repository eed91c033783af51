//! How many round trips follow one another: by how much longer a step takes if each answer takes longer.
//!
//! What is done at the same time counts once. The set-up of a TCP connection does not count: the proxy accepts it at once. The figures
//! depend neither on the machine nor on the build.

use std::time::Duration;

use staging_labels::Step;

use super::Anything;
use super::figures::{Row, Table, milliseconds};
use super::scene::Scene;

/// By which each answer of the other side is delayed. Not zero: a delay costs a little more than it says.
const LITTLE: Duration = Duration::from_millis(10);
/// By which the answers of one side are.
const MUCH: Duration = Duration::from_millis(210);
/// How often each pair of delays is tried, in turn with the others: what else the machine does then falls on all of them.
const ROUNDS: usize = 5;

/// The times of each step with one pair of delays, apart for rotations to either of two users.
#[derive(Default)]
struct Times([[Vec<f64>; 4]; 2]);

impl Times {
    /// The shortest of each step: what else the machine does only ever adds.
    fn least(&self) -> [f64; 4] {
        let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
        let [one, other] = &self.0;
        [0, 1, 2, 3].map(|step| f64::midpoint(least(&one[step]), least(&other[step])))
    }
}

/// A table of the round trips of each step, to either side.
pub(crate) async fn measure(scene: &Scene, function: &str) -> Anything<Table> {
    // Before it is measured, a process has its connections to Secrets Manager, and a clone is made.
    scene.rotate().await?;
    scene.rotate().await?;
    Ok(Table {
        function: function.to_owned(),
        case: None,
        rows: rows(scene, MUCH, ROUNDS).await?,
    })
}

/// The same of a process that is warm, as precise as the delay and the number of rounds are large.
pub(crate) async fn rows(scene: &Scene, much: Duration, rounds: usize) -> Anything<Vec<Row>> {
    let mut sides = vec![("", LITTLE, LITTLE), ("Secrets Manager", much, LITTLE)];
    if scene.database().is_some() {
        sides.push(("database", LITTLE, much));
    }
    let mut times: Vec<_> = sides.iter().map(|_| Times::default()).collect();
    for _ in 0..rounds {
        for ((_, secrets_manager, database), times) in sides.iter().zip(&mut times) {
            scene.delay(*secrets_manager, *database)?;
            for direction in &mut times.0 {
                let rotation = scene.rotate().await?;
                for (times, invocation) in direction.iter_mut().zip(&rotation) {
                    times.push(milliseconds(invocation.duration));
                }
            }
        }
    }
    scene.delay(Duration::ZERO, Duration::ZERO)?;
    let mut rows = Vec::new();
    let base = times[0].least();
    for ((side, ..), times) in sides.iter().zip(&times).skip(1) {
        let mut sum = 0.0;
        for ((step, base), slow) in Step::ALL.into_iter().zip(base).zip(times.least()) {
            let slope = (slow - base) / (milliseconds(much) - milliseconds(LITTLE));
            sum += slope;
            rows.extend(Row::of(&format!("{side}, {step}"), "round trips", &[slope]));
        }
        rows.extend(Row::of(&format!("{side}, rotation"), "round trips", &[sum]));
    }
    Ok(rows)
}
