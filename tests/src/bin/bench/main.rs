//! Measures the functions: `make bench`.
//!
//! Figures, not verdicts: medians with minimum and maximum, to compare on one machine at one time. `docs/cost.md` says what can be
//! asked for.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

mod figures;
mod instructions;
mod options;
mod round_trips;
mod saved;
mod scene;
mod share;

use std::error::Error;
use std::process::ExitCode;

use self::figures::{Figures, ROTATIONS, Table};
use self::options::{Mode, Options};
use self::saved::Run;
use self::scene::Scene;
use self::share::Share;

type Anything<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Anything<()> {
    let options = Options::read()?;
    let earlier = options.compare.as_deref().map(Run::read).transpose()?;
    let share = options.cpu.and_then(share);
    let mut run = Run::new(&options, share.as_ref().and(options.cpu));
    for program in &options.programs {
        let program = program.canonicalize()?;
        let name = program.file_name().and_then(|name| name.to_str());
        let name = name.ok_or("a program has a name")?.to_owned();
        if options.mode == Mode::Instructions {
            let table = instructions::measure(&program, &name).await?;
            instructions::Counts::read()?.compare(&table)?;
            run.tables.push(table);
            continue;
        }
        let started = match &share {
            Some(share) => share.around(&program)?,
            None => program.clone(),
        };
        let scene = Scene::of(&started, &name).await?;
        let (table, note) = match options.mode {
            Mode::Figures => {
                let mut table = figures(&scene, &name, &options).await?;
                table.rows.extend(figures::sizes(&name, &program));
                let note = format!(
                    "{} cold starts, {ROTATIONS} rotations each; median [minimum to maximum]",
                    options.cold_starts
                );
                (table, note)
            }
            Mode::RoundTrips => {
                let note = "round trips that follow one another, of a warm rotation".to_owned();
                (round_trips::measure(&scene, &name).await?, note)
            }
            Mode::Instructions => continue, // counted above
        };
        scene.cool_down().await;
        saved::print(&table, &note, earlier.as_ref());
        run.tables.push(table);
    }
    if options.mode == Mode::Figures {
        println!(
            "\nThe local Secrets Manager, PostgreSQL and Unleash run on the same machine and are part of every time."
        );
    }
    match &options.json {
        Some(path) => run.write(path),
        None => Ok(()),
    }
}

/// The group that functions run in; none where it cannot be had.
fn share(cpu: f64) -> Option<Share> {
    match Share::new(cpu) {
        Ok(share) => Some(share),
        Err(error) => {
            println!("bench: CPU={cpu} is left out: no control group can be made here ({error})");
            None
        }
    }
}

async fn figures(scene: &Scene, name: &str, options: &Options) -> Anything<Table> {
    scene.delay(options.latency_sm, options.latency_db)?;
    let mut figures = Figures::default();
    for _ in 0..options.cold_starts {
        figures.add_process(scene).await?;
    }
    Ok(figures.table(name))
}
