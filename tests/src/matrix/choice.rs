//! Which cells are run: all, some by name, every n-th, or as few as cover every combination. Pure.

use std::collections::BTreeMap;

use super::cell::Cell;

/// Some of the cells.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Only cells whose name contains each of these words.
    pub only: Option<String>,
    /// This cell alone.
    pub cell: Option<String>,
    /// The n-th of every m cells, n from 1.
    pub slice: Option<(usize, usize)>,
}

impl Choice {
    /// The cells that are chosen, in their order.
    pub fn of(&self, cells: Vec<Cell>) -> Vec<Cell> {
        let named = |cell: &Cell| {
            let name = cell.to_string();
            self.cell.as_ref().is_none_or(|exact| *exact == name)
                && self
                    .only
                    .as_ref()
                    .is_none_or(|words| words.split_whitespace().all(|word| name.contains(word)))
        };
        let named = cells.into_iter().filter(named).enumerate();
        let sliced = named.filter(|(index, _)| {
            self.slice
                .is_none_or(|(n, m)| index % m.max(1) == n.saturating_sub(1))
        });
        sliced.map(|(_, cell)| cell).collect()
    }

    /// Whether the rows of this subject have to be recorded.
    pub fn concerns(&self, subject: &str) -> bool {
        // A part of a name may be of any subject's cells; the whole name begins with its subject.
        self.cell
            .as_ref()
            .is_none_or(|name| name.split('/').next() == Some(subject))
    }
}

/// A prime, so that the choice walks through rows and causes.
const STRIDE: usize = 31;

/// One cell of each combination of function, kind of row, effect and aftermath: another row and cause in each.
pub fn covering(cells: Vec<Cell>) -> Vec<Cell> {
    let mut groups: BTreeMap<_, Vec<Cell>> = BTreeMap::new();
    for cell in cells {
        let key = (
            cell.row.subject.family(),
            cell.row.at.kind(),
            cell.effect,
            cell.aftermath,
        );
        groups.entry(key).or_default().push(cell);
    }
    let groups = groups.into_values().enumerate();
    groups
        .map(|(number, mut group)| group.swap_remove(number * STRIDE % group.len()))
        .collect()
}
