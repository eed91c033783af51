//! The counts that the repository holds: compared with each run, and replaced when a change is meant.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::super::figures::{Row, Table};
use super::Anything;

/// A row that differs by more, in percent, is named.
const NOTABLE: f64 = 2.0;
/// By as many millions a row differs without any change.
const CHANCE: f64 = 0.05;

/// What was counted, and with what.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Another compiler makes another program.
    rustc: String,
    valgrind: String,
    tables: Vec<Table>,
}

impl Counts {
    /// # Errors
    /// A tool is not there, or the table cannot be read.
    pub(crate) fn read() -> Anything<Self> {
        let path = path();
        let text = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Prints a function's counts beside those of the repository, and takes them if `UPDATE=1` says so.
    ///
    /// # Errors
    /// The table cannot be written.
    pub(crate) fn compare(&mut self, table: &Table) -> Anything<()> {
        let (rustc, valgrind) = (version("rustc")?, version("valgrind")?);
        println!(
            "\n{}: million instructions; median [minimum to maximum]\n",
            table.function
        );
        for (now, before) in [(&rustc, &self.rustc), (&valgrind, &self.valgrind)] {
            if now != before {
                println!("  The table is of {before}, and this is {now}.");
            }
        }
        let known = self.tables.iter().find(|known| known.function == table.function);
        let mut moved = Vec::new();
        for row in &table.rows {
            let known = known.and_then(|known| known.rows.iter().find(|other| other.name == row.name));
            let difference = known.map(|known| (row.median / known.median - 1.0) * 100.0);
            let beside = match (known, difference) {
                (Some(known), Some(difference)) => {
                    format!("  table {:>7.2}  {difference:>+6.1} %", known.median)
                }
                _ => "  not in the table".to_owned(),
            };
            let is_more_than_chance = |known: &Row| (row.median - known.median).abs() > CHANCE;
            if difference.is_none_or(|difference| difference.abs() > NOTABLE)
                && known.is_none_or(is_more_than_chance)
            {
                moved.push(row.name.as_str());
            }
            let (name, median) = (&row.name, row.median);
            println!(
                "  {name:<26} {median:>7.2} [{:.2} to {:.2}]{beside}",
                row.least, row.most
            );
        }
        if super::updates() {
            self.tables.retain(|known| known.function != table.function);
            self.tables.push(table.clone());
            self.tables
                .sort_by(|one, other| one.function.cmp(&other.function));
            (self.rustc, self.valgrind) = (rustc, valgrind);
            self.write()?;
            println!("\n  written to {}", path().display());
        } else if !moved.is_empty() {
            println!(
                "\n  More than {NOTABLE} % from the table: {}. If that is meant: make bench MODE=instructions UPDATE=1",
                moved.join(", ")
            );
        }
        Ok(())
    }

    fn write(&self) -> Anything<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(fs::write(path(), text)?)
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/instructions.json")
}

/// The first line that a tool says about itself.
fn version(tool: &str) -> Anything<String> {
    let output = Command::new(tool).arg("--version").output();
    let output = output.map_err(|error| format!("{tool}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
