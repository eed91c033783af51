//! Many cells at once, and what came of them.

use std::any::Any;
use std::collections::VecDeque;

use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::cell::Cell;
use super::finding::{Finding, Letter, Moment};
use super::run::run;

/// A cell that was run, and what does not hold there.
pub type Outcome = (Cell, Vec<Finding>);

/// Runs every cell in a world of its own, some at once. Each has a thread: what drops a role blocks. `done` is told of each.
///
/// # Panics
/// Never because of a cell: one that cannot be run is a finding.
pub async fn run_all(cells: Vec<Cell>, at_once: usize, mut done: impl FnMut(&Outcome)) -> Vec<Outcome> {
    let mut waiting = VecDeque::from(cells);
    let (mut running, mut outcomes) = (JoinSet::new(), Vec::new());
    loop {
        while running.len() < at_once
            && let Some(cell) = waiting.pop_front()
        {
            running.spawn_blocking(move || {
                let findings = on_this_thread(&cell);
                (cell, findings)
            });
        }
        let Some(outcome) = running.join_next().await else {
            return outcomes;
        };
        let outcome = outcome.expect("a panic of a cell is caught");
        done(&outcome);
        outcomes.push(outcome);
    }
}

fn on_this_thread(cell: &Cell) -> Vec<Finding> {
    let play = || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(run(cell))
    };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(play));
    outcome.unwrap_or_else(|panic| {
        vec![Finding {
            letter: Letter::X,
            moment: Moment::AtRest,
            what: words_of(panic.as_ref()),
        }]
    })
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
