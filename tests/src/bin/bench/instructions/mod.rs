//! How many instructions a cold start and each step take, counted by valgrind's callgrind, compared with the table in the repository.
//!
//! Counts hardly depend on the machine and what else it does. valgrind has no SHA instructions, so that hashing weighs more here than on a
//! processor that has them.

mod callgrind;
mod profile;
mod table;

use std::env;
use std::path::Path;

use staging_labels::Step;

use self::callgrind::Callgrind;
use self::profile::Profile;
pub(crate) use self::table::Counts;
use super::figures::{Row, Table};
use super::scene::{Log, Scene};
use super::{Anything, located};

/// Processes that are counted.
const PROCESSES: usize = 3;
/// Rotations of each: the first, and an even number of warm ones. Two users take turns, so that two in a row make one value, their mean.
const ROTATIONS: usize = 5;
/// What Secrets Manager never sends: it is refused at once, and shows what an invocation costs by itself.
const REFUSED: &str = "{}";

/// What was counted for one row, a value a process or rotation.
struct Counted {
    name: String,
    values: Vec<f64>,
}

/// Counts the instructions of one function, and prints where they go.
///
/// # Errors
/// valgrind is not there, or a step fails.
pub(crate) async fn measure(program: &Path) -> Anything<Table> {
    let (program, name) = located(program)?;
    let callgrind = Callgrind::around(&program, &name)?;
    let scene = Scene::of(callgrind.program(), &name, Log::Json).await?;
    // The first rotations of all make a clone, and find no old key.
    for _ in 0..2 {
        scene.rotate().await?;
    }
    let mut counted = Vec::new();
    let mut profiles = [
        ("a cold start and its first rotation", Profile::default()),
        ("a warm rotation", Profile::default()),
    ];
    for _ in 0..PROCESSES {
        scene.cool_down().await;
        scene.aws().invoke(scene.function(), REFUSED.to_owned()).await;
        let init = callgrind.counted(&mut profiles[0].1)?;
        scene.aws().invoke(scene.function(), REFUSED.to_owned()).await;
        let refused = callgrind.counted(&mut Profile::default())?;
        add(&mut counted, "init", init - refused);
        add(&mut counted, "an event that is refused", refused);
        for rotation in 0..ROTATIONS {
            let (when, profile) = if rotation == 0 {
                ("first", &mut profiles[0].1)
            } else {
                ("warm", &mut profiles[1].1)
            };
            let token = scene.stage()?;
            let mut sum = 0;
            for step in Step::ALL {
                scene.step(step, &token).await?;
                let count = callgrind.counted(profile)?;
                sum += count;
                add(&mut counted, &format!("{when} {step}"), count);
            }
            add(&mut counted, &format!("{when} rotation"), sum);
        }
        // So that each process begins with the same of two users.
        scene.rotate().await?;
    }
    scene.cool_down().await;
    for row in counted.iter_mut().filter(|row| row.name.starts_with("warm")) {
        row.values = row
            .values
            .chunks(2)
            .map(|pair| f64::midpoint(pair[0], pair[1]))
            .collect();
    }
    let rows = counted
        .iter()
        .filter_map(|row| Row::of(&row.name, "million", &row.values));
    let rows: Vec<_> = rows.collect();
    println!("\n{name}: where the instructions go, by the crate whose source they come from");
    for (what, profile) in &profiles {
        println!("\n  {what}");
        profile.print();
    }
    Ok(Table {
        function: name,
        case: None,
        rows,
    })
}

#[expect(clippy::cast_precision_loss, reason = "no process here has 2^52 instructions")]
fn add(counted: &mut Vec<Counted>, name: &str, count: u64) {
    let millions = count as f64 / 1e6;
    match counted.iter_mut().find(|row| row.name == name) {
        Some(row) => row.values.push(millions),
        None => counted.push(Counted {
            name: name.to_owned(),
            values: vec![millions],
        }),
    }
}

/// Whether the table in the repository is to be replaced.
fn updates() -> bool {
    env::var_os("UPDATE").is_some_and(|value| value == "1")
}
