//! What a rotation costs as what it works on grows: rotations at once, versions and size of the secret, roles, grants, schemas.

mod at_once;
mod case;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keywheel_tests::keys;
use staging_labels::Step;

use self::case::Case;
use crate::Anything;
use crate::figures::{Row, Table, milliseconds};
use crate::round_trips;
use crate::scene::{Log, Scene};

/// Warm rotations of each case: as many to either of two users.
const ROTATIONS: usize = 6;
/// By which answers are delayed to count round trips, and how often. Less than where they are all that is counted.
const MUCH: Duration = Duration::from_millis(60);
const ROUNDS: usize = 2;

/// A table for each case, handed to `done` as soon as it is there. `only` is what a case's name begins with.
pub(crate) async fn measure(
    program: &Path,
    name: &str,
    only: &str,
    mut done: impl FnMut(Table),
) -> Anything<()> {
    if name == keys::FUNCTION {
        println!("\n{name}: left out, as what grows here is of PostgreSQL");
        return Ok(());
    }
    for (count, limit) in at_once::SIZES {
        let case = at_once::name(count, limit);
        if case.starts_with(only) {
            let scene = Arc::new(Scene::of(program, name, Log::Json).await?);
            let rows = at_once::measure(&scene, count, limit).await;
            scene.cool_down().await;
            done(table(name, case, rows?));
        }
    }
    for case in Case::of(name) {
        let called = case.to_string();
        if called.starts_with(only) {
            let scene = Scene::of(program, name, Log::Json).await?;
            let rows = rows(&scene, case).await;
            scene.cool_down().await;
            done(table(name, called, rows?));
        }
    }
    Ok(())
}

fn table(function: &str, case: String, rows: Vec<Row>) -> Table {
    Table {
        function: function.to_owned(),
        case: Some(case),
        rows,
    }
}

/// The steps, the processor time and the round trips of a case.
async fn rows(scene: &Scene, case: Case) -> Anything<Vec<Row>> {
    case.prepare(scene).await?;
    let mut rows = Vec::new();
    // The second user is made in the first rotation.
    let first = scene.rotate().await?;
    let total: Duration = first.iter().map(|invocation| invocation.duration).sum();
    let init: Duration = first.iter().filter_map(|invocation| invocation.init).sum();
    rows.extend(Row::of(
        "first rotation, without init",
        "ms",
        &[milliseconds(total.saturating_sub(init))],
    ));
    let mut busy = first.last().and_then(|last| last.processor_time);
    let (mut totals, mut processor, mut steps) = (Vec::new(), Vec::new(), <[Vec<f64>; 4]>::default());
    for _ in 0..ROTATIONS {
        let rotation = scene.rotate().await?;
        totals.push(milliseconds(
            rotation.iter().map(|invocation| invocation.duration).sum(),
        ));
        for (step, invocation) in steps.iter_mut().zip(&rotation) {
            step.push(milliseconds(invocation.duration));
        }
        let now = rotation.last().and_then(|last| last.processor_time);
        processor.extend(
            busy.zip(now)
                .map(|(before, now)| milliseconds(now.saturating_sub(before))),
        );
        busy = now;
    }
    for (step, times) in Step::ALL.into_iter().zip(&steps) {
        rows.extend(Row::of(step.name(), "ms", times));
    }
    rows.extend(Row::of("rotation", "ms", &totals));
    rows.extend(Row::of("rotation, processor", "ms", &processor));
    let trips = round_trips::rows(scene, MUCH, ROUNDS).await?;
    rows.extend(trips.into_iter().filter(|row| row.name.ends_with(", rotation")));
    if let Some(lost) = case.lose(scene).await? {
        rows.extend(Row::of("setSecret that finds a lost password", "ms", &[lost]));
    }
    Ok(rows)
}
