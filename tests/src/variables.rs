//! The environment variables of all functions, from the lists of the crates that read them.

use rotation::Variable;

use crate::keys;
use crate::world::{ALTERNATING, FUNCTION};

/// The sections of `docs/reference/environment-variables.md`: title, variables, and the functions that read them.
pub fn sections() -> Vec<(&'static str, &'static [Variable], &'static [&'static str])> {
    let of = |list: &'static [(&'static str, &'static [Variable])], functions: &'static [&'static str]| {
        list.iter().map(move |(title, rows)| (*title, *rows, functions))
    };
    of(rotation::VARIABLES, &[FUNCTION, ALTERNATING, keys::FUNCTION])
        .chain(of(rotate_postgres::VARIABLES, &[FUNCTION, ALTERNATING]))
        .chain(of(rotate_api_key::VARIABLES, &[keys::FUNCTION]))
        .collect()
}

/// Each variable, and the functions that it has a meaning for.
pub fn all() -> Vec<(&'static str, Vec<&'static str>)> {
    let rows = sections()
        .into_iter()
        .flat_map(|(_, rows, functions)| rows.iter().map(move |row| (row, functions)));
    rows.map(|(row, functions)| {
        let functions = row.only.map_or_else(|| functions.to_vec(), |only| vec![only]);
        (row.name, functions)
    })
    .collect()
}
