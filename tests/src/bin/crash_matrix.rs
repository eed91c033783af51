//! Runs the crash matrix, and says what does not hold: `make crash-matrix`.
//!
//! `crash_matrix [only=TEXT] [cell=NAME] [slice=N/M] [at_once=N]`

#![expect(clippy::print_stdout, reason = "the report is for a person")]

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use keywheel_tests::matrix::{Choice, Report, Subject, cells, known, rows, run_all};
use strum::VariantArray;

/// Worlds at once: each waits a good part of its time.
const AT_ONCE: usize = 8;
/// Cells between two lines of progress.
const PROGRESS: usize = 50;

#[tokio::main]
async fn main() -> ExitCode {
    // A cell that panics is a finding with the panic's words.
    std::panic::set_hook(Box::new(|_| {}));
    match arguments() {
        Ok((choice, at_once)) => run(&choice, at_once).await,
        Err(usage) => {
            println!("crash-matrix: {usage}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<(Choice, usize), String> {
    let (mut choice, mut at_once) = (Choice::default(), AT_ONCE);
    for argument in env::args().skip(1) {
        let value = argument.split_once('=');
        match value {
            Some((_, "")) => {}
            Some(("only", text)) => choice.only = Some(text.to_owned()),
            Some(("cell", name)) => choice.cell = Some(name.to_owned()),
            Some(("slice", part)) => choice.slice = Some(slice(part)?),
            Some(("at_once", number)) => {
                at_once = number.parse().map_err(|_| format!("{number} is no number"))?;
            }
            _ => return Err(format!("{argument} is none of only=, cell=, slice=N/M, at_once=")),
        }
    }
    Ok((choice, at_once))
}

fn slice(part: &str) -> Result<(usize, usize), String> {
    let numbers = part
        .split_once('/')
        .and_then(|(n, m)| Some((n.parse().ok()?, m.parse().ok()?)));
    numbers
        .filter(|(n, m)| (1..=*m).contains(n))
        .ok_or_else(|| format!("slice={part} is not N/M with N from 1 to M"))
}

async fn run(choice: &Choice, at_once: usize) -> ExitCode {
    let start = Instant::now();
    let mut all = Vec::new();
    for &subject in Subject::VARIANTS {
        if choice.concerns(&subject.to_string()) {
            all.extend(cells(&rows(subject).await));
        }
    }
    let total = all.len();
    let chosen = choice.of(all);
    let count = chosen.len();
    println!("{count} of {total} cells, {at_once} at once");
    if count == 0 {
        println!("crash-matrix: no cell has such a name; `slice=1/500` shows what names look like");
        return ExitCode::FAILURE;
    }
    let (mut over, mut violated) = (0, 0);
    let outcomes = run_all(chosen, at_once, |(cell, findings)| {
        over += 1;
        for finding in findings.iter().filter(|finding| known(cell, finding).is_none()) {
            violated += 1;
            println!("violation: {cell}: {finding}");
        }
        if over % PROGRESS == 0 || over == count {
            let seconds = start.elapsed().as_secs();
            println!("{over} of {count}, {violated} violations, {seconds} s");
        }
    });
    let report = Report::of(&outcomes.await);
    println!("\n{}", report.text());
    if report.violations().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
