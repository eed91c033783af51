//! A run's figures: printed, kept as JSON, and compared with those of an earlier run.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Anything;
use super::figures::{Row, Table};
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
    fn median(&self, like: &Table, row: &str) -> Option<f64> {
        let same = |table: &&Table| (&table.function, &table.case) == (&like.function, &like.case);
        let table = self.tables.iter().find(same)?;
        let row = table.rows.iter().find(|other| other.name == row)?;
        Some(row.median)
    }
}

/// Prints a table; beside each line what `earlier` has there, and what AWS's template took, with the ratios.
pub(crate) fn print(table: &Table, note: &str, earlier: Option<&Run>, template: Option<&Table>) {
    println!("\n{}: {}", table.function, table.case.as_deref().unwrap_or(note));
    if let Some(template) = template {
        println!("beside it {}", template.function);
    }
    println!();
    for row in &table.rows {
        let range = range(row);
        let before = earlier.and_then(|run| run.median(table, &row.name));
        let before = before.map_or_else(String::new, |before| {
            format!("  before {before:.2}, now {:.2} times that", row.median / before)
        });
        let theirs = template.and_then(|table| table.rows.iter().find(|other| other.name == row.name));
        let theirs = theirs.map_or_else(String::new, |theirs| {
            let ratio = theirs.median / row.median;
            format!(
                "  template {:.2}{}, {ratio:.1} times ours",
                theirs.median,
                self::range(theirs)
            )
        });
        println!(
            "  {:<36} {:>8.2} {}{range}{before}{theirs}",
            row.name, row.median, row.unit
        );
    }
}

/// From the least to the most, if they differ.
fn range(row: &Row) -> String {
    if row.least < row.most {
        format!("  [{:.2} to {:.2}]", row.least, row.most)
    } else {
        String::new()
    }
}
