//! Measures the functions: `make bench`.
//!
//! Figures, not verdicts: medians with minimum and maximum, to compare on one machine at one time. `docs/cost.md` says what can be
//! asked for.

#![expect(clippy::print_stdout, reason = "the figures are for a person")]

mod figures;
mod growth;
mod instructions;
mod options;
mod round_trips;
mod saved;
mod scene;
mod share;
mod template;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::figures::{Figures, ROTATIONS, Table};
use self::options::{Mode, Options};
use self::saved::Run;
use self::scene::{Log, Scene};
use self::share::Share;
use self::template::Template;

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
    let measured = measure(&options, share.as_ref(), earlier.as_ref(), &mut run).await;
    // What was measured before something failed is kept.
    match &options.json {
        Some(path) => measured.and(run.write(path)),
        None => measured,
    }
}

async fn measure(
    options: &Options,
    share: Option<&Share>,
    earlier: Option<&Run>,
    run: &mut Run,
) -> Anything<()> {
    for program in &options.programs {
        match options.mode {
            Mode::Figures => {
                let bench = Bench::of(program, options, share).await?;
                let note = format!(
                    "{} cold starts, {ROTATIONS} rotations each; median [minimum to maximum]",
                    options.cold_starts
                );
                let tables = bench.figures(options).await?;
                bench.end(tables, &note, earlier, run).await;
            }
            Mode::RoundTrips => {
                let bench = Bench::of(program, options, share).await?;
                let note = "round trips that follow one another, of a warm rotation";
                let tables = bench.round_trips().await?;
                bench.end(tables, note, earlier, run).await;
            }
            Mode::Growth => {
                let (program, name) = located(program)?;
                let started = share::within(share, &program)?;
                let done = |table: Table| {
                    saved::print(&table, "", earlier, None);
                    run.tables.push(table);
                };
                growth::measure(&started, &name, &options.only, done).await?;
            }
            Mode::Instructions => {
                let table = instructions::measure(program).await?;
                instructions::Counts::read()?.compare(&table)?;
                run.tables.push(table);
            }
        }
    }
    if matches!(options.mode, Mode::Figures | Mode::Growth) {
        println!(
            "\nThe local Secrets Manager, PostgreSQL and Unleash run on the same machine and are part of every time."
        );
    }
    Ok(())
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

/// The whole path of a program, and its name.
fn located(program: &Path) -> Anything<(PathBuf, String)> {
    let program = program.canonicalize()?;
    let name = program.file_name().and_then(|name| name.to_str());
    let name = name.ok_or("a program has a name")?.to_owned();
    Ok((program, name))
}

/// A function, and AWS's that does the same if there is one to compare with.
struct Bench {
    program: PathBuf,
    /// Each by its name, ours first.
    scenes: Vec<(String, Scene)>,
    /// Kept for as long as it runs.
    _template: Option<Template>,
}

impl Bench {
    async fn of(program: &Path, options: &Options, share: Option<&Share>) -> Anything<Self> {
        let (program, name) = located(program)?;
        let started = |program: &Path| share::within(share, program);
        let mut scenes = vec![(
            name.clone(),
            Scene::of(&started(&program)?, &name, Log::Json).await?,
        )];
        let template = match &options.templates {
            Some(checkout) => Template::like(&name, checkout)?,
            None => None,
        };
        if let Some(template) = &template {
            let scene = Scene::of(&started(&template.program)?, &name, Log::Text).await?;
            scenes.push((template.name.to_owned(), scene));
        }
        Ok(Self {
            program,
            scenes,
            _template: template,
        })
    }

    /// One process of each, again and again: what else the machine does then falls on all of them.
    async fn figures(&self, options: &Options) -> Anything<Vec<Table>> {
        let mut figures: Vec<_> = self.scenes.iter().map(|_| Figures::default()).collect();
        for (_, scene) in &self.scenes {
            scene.delay(options.latency_sm, options.latency_db)?;
            // Python compiles a module when it is first imported; a file that was read before is in memory.
            scene.rotate().await?;
        }
        for _ in 0..options.cold_starts {
            for ((_, scene), figures) in self.scenes.iter().zip(&mut figures) {
                figures.add_process(scene).await?;
            }
        }
        let names = self.scenes.iter().map(|(name, _)| name);
        let mut tables: Vec<_> = figures
            .iter()
            .zip(names)
            .map(|(figures, name)| figures.table(name))
            .collect();
        let sizes = figures::sizes(&self.scenes[0].0, &self.program);
        tables[0].rows.extend(sizes);
        Ok(tables)
    }

    async fn round_trips(&self) -> Anything<Vec<Table>> {
        let mut tables = Vec::new();
        for (name, scene) in &self.scenes {
            tables.push(round_trips::measure(scene, name).await?);
        }
        Ok(tables)
    }

    /// Stops the processes, and prints and keeps what was measured: ours beside AWS's, if there is one.
    async fn end(&self, mut tables: Vec<Table>, note: &str, earlier: Option<&Run>, run: &mut Run) {
        for (_, scene) in &self.scenes {
            scene.cool_down().await;
        }
        saved::print(&tables[0], note, earlier, tables.get(1));
        run.tables.append(&mut tables);
    }
}
