//! What the outcomes come to, in words and in a table. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use strum::VariantArray;

use super::cell::{Aftermath, Cause, Cell, Subject};
use super::finding::{Finding, Letter};
use super::limits::known;
use super::many::Outcome;

/// The outcomes, sorted into limits that are documented and violations.
#[derive(Default)]
pub struct Report {
    tally: BTreeMap<(Subject, Aftermath, Cause), Tally>,
    limits: BTreeMap<&'static str, Vec<Cell>>,
    violations: Vec<(Cell, Finding)>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    cells: usize,
    limited: usize,
    violated: usize,
}

impl Report {
    /// The report on these outcomes.
    pub fn of(outcomes: &[Outcome]) -> Self {
        let mut report = Self::default();
        for (cell, findings) in outcomes {
            report.add(cell, findings);
        }
        report
    }

    fn add(&mut self, cell: &Cell, findings: &[Finding]) {
        let (mut limited, mut violated) = (false, false);
        for finding in findings {
            if let Some(reason) = known(cell, finding) {
                limited = true;
                self.limits.entry(reason).or_default().push(cell.clone());
            } else {
                violated = true;
                self.violations.push((cell.clone(), finding.clone()));
            }
        }
        let key = (cell.row.subject, cell.aftermath, cell.cause);
        let tally = self.tally.entry(key).or_default();
        tally.cells += 1;
        tally.limited += usize::from(limited);
        tally.violated += usize::from(violated);
    }

    /// What is neither fine nor documented.
    pub fn violations(&self) -> &[(Cell, Finding)] {
        &self.violations
    }

    /// Everything, for a person.
    pub fn text(&self) -> String {
        let mut text = self.table();
        for (reason, cells) in &self.limits {
            let _ = writeln!(text, "\nknown limit, {} cells: {reason}", cells.len());
            if let Some(cell) = cells.first() {
                let _ = writeln!(text, "  for example {cell}");
            }
        }
        for (cell, finding) in &self.violations {
            let _ = writeln!(text, "\nviolation: {finding}\n  make crash-matrix CELL={cell}");
        }
        let count = |letter| {
            self.violations
                .iter()
                .filter(|(_, finding)| finding.letter == letter)
                .count()
        };
        let letters = [Letter::R, Letter::K, Letter::N, Letter::S, Letter::A, Letter::X];
        let counts: Vec<_> = letters.map(|letter| format!("{letter} {}", count(letter))).into();
        let cells: usize = self.tally.values().map(|tally| tally.cells).sum();
        let _ = writeln!(text, "\n{cells} cells; violations: {}", counts.join(", "));
        text
    }

    /// A line for each function and aftermath, a column for each cause: cells, those at a known limit, those with a violation.
    fn table(&self) -> String {
        let mut text = format!("{:<11} {:<15}", "function", "aftermath");
        for cause in Cause::VARIANTS {
            let _ = write!(text, " {:>20}", cause.to_string());
        }
        text.push('\n');
        for &subject in Subject::VARIANTS {
            for &aftermath in Aftermath::VARIANTS {
                let tallies = Cause::VARIANTS
                    .iter()
                    .map(|&cause| self.tally.get(&(subject, aftermath, cause)));
                let tallies: Vec<_> = tallies.collect();
                if tallies.iter().all(Option::is_none) {
                    continue;
                }
                let (subject, aftermath) = (subject.to_string(), aftermath.to_string());
                let _ = write!(text, "{subject:<11} {aftermath:<15}");
                for tally in tallies {
                    let _ = write!(text, " {:>20}", tally.map_or(String::new(), Tally::text));
                }
                text.push('\n');
            }
        }
        text
    }
}

impl Tally {
    fn text(&self) -> String {
        let mut text = self.cells.to_string();
        for (count, word) in [(self.limited, "known"), (self.violated, "violated")] {
            if count > 0 {
                let _ = write!(text, ", {count} {word}");
            }
        }
        text
    }
}
