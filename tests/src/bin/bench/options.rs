//! What the environment asks for: `make bench NAME=value` hands it over.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use super::Anything;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Time, processor time and memory of cold and warm rotations.
    Figures,
    /// How many round trips follow one another in each step.
    RoundTrips,
    /// How many instructions a cold start and each step take.
    Instructions,
    /// What a rotation costs as what it works on grows.
    Growth,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    /// How much longer each answer of Secrets Manager takes.
    pub(crate) latency_sm: Duration,
    /// The same of the database.
    pub(crate) latency_db: Duration,
    /// The share of a core that a function gets.
    pub(crate) cpu: Option<f64>,
    pub(crate) cold_starts: usize,
    /// Where to write the figures.
    pub(crate) json: Option<PathBuf>,
    /// A file that an earlier run wrote.
    pub(crate) compare: Option<PathBuf>,
    /// A checkout of AWS's templates, to measure beside ours.
    pub(crate) templates: Option<PathBuf>,
    /// What the name of a case begins with that is to be measured: of growth.
    pub(crate) only: String,
    /// The functions' programs.
    pub(crate) programs: Vec<PathBuf>,
}

impl Options {
    pub(crate) fn read() -> Anything<Self> {
        let mode = match text("MODE").as_deref() {
            None | Some("figures") => Mode::Figures,
            Some("round-trips") => Mode::RoundTrips,
            Some("instructions") => Mode::Instructions,
            Some("growth") => Mode::Growth,
            Some(other) => {
                return Err(format!("MODE={other}: figures, round-trips, growth or instructions").into());
            }
        };
        let programs: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
        if programs.is_empty() {
            return Err("name the functions' programs".into());
        }
        let cpu = number("CPU")?;
        if cpu.is_some_and(|cpu| cpu < 0.01) {
            return Err("CPU: a share of a core, 0.01 at least, such as 0.072".into());
        }
        Ok(Self {
            mode,
            latency_sm: milliseconds("LATENCY_SM")?,
            latency_db: milliseconds("LATENCY_DB")?,
            cpu,
            cold_starts: text("COLD_STARTS").map_or(Ok(20), |text| text.parse())?,
            json: text("JSON").map(PathBuf::from),
            compare: text("COMPARE").map(PathBuf::from),
            only: text("ONLY").unwrap_or_default(),
            templates: text("AWS_TEMPLATES").map(PathBuf::from),
            programs,
        })
    }
}

fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

fn number(name: &str) -> Anything<Option<f64>> {
    let Some(text) = text(name) else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
        _ => Err(format!("{name}={text} is no number").into()),
    }
}

fn milliseconds(name: &str) -> Anything<Duration> {
    Ok(Duration::from_secs_f64(number(name)?.unwrap_or_default() / 1e3))
}
