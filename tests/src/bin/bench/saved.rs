//! A run's figures: printed, kept as JSON, and compared with those of an earlier run.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Anything;
use super::figures::Table;
use super::options::Options;

/// What a run has measured, and under which conditions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) latency_sm_ms: f64,
    pub(crate) latency_db_ms: f64,
    /// The share of a core that a function got; none: all of it.
    pub(crate) cpu: Option<f64>,
    pub(crate) tables: Vec<Table>,
}

impl Run {
    pub(crate) fn new(options: &Options, cpu: Option<f64>) -> Self {
        Self {
            latency_sm_ms: options.latency_sm.as_secs_f64() * 1e3,
            latency_db_ms: options.latency_db.as_secs_f64() * 1e3,
            cpu,
            tables: Vec::new(),
        }
    }

    pub(crate) fn read(path: &Path) -> Anything<Self> {
        let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    pub(crate) fn write(&self, path: &Path) -> Anything<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?)
    }

    /// The value of the same line in the same table.
    fn median(&self, function: &str, row: &str) -> Option<f64> {
        let table = self.tables.iter().find(|table| table.function == function)?;
        let row = table.rows.iter().find(|other| other.name == row)?;
        Some(row.median)
    }
}

/// Prints a table; beside each line what `earlier` has there, and the ratio.
pub(crate) fn print(table: &Table, note: &str, earlier: Option<&Run>) {
    println!("\n{}: {note}\n", table.function);
    for row in &table.rows {
        let range = if row.least < row.most {
            format!("  [{:.2} to {:.2}]", row.least, row.most)
        } else {
            String::new()
        };
        let before = earlier.and_then(|run| run.median(&table.function, &row.name));
        let before = before.map_or_else(String::new, |before| {
            format!("  before {before:.2}, now {:.2} times that", row.median / before)
        });
        println!(
            "  {:<36} {:>8.2} {}{range}{before}",
            row.name, row.median, row.unit
        );
    }
}
