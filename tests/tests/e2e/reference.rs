//! The tables of `docs/reference` are made from the lists that the code has. `UPDATE=1 make test ARGS=reference` writes them again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use keywheel_tests::variables;
use rotation::secrets::FIELDS;

const BEGIN: &str = "<!-- made by UPDATE=1 make test ARGS=reference -->\n\n";
const END: &str = "\n<!-- end of what is made -->\n";

/// Compares what stands between the two marks of a page with `table`, or writes it.
#[track_caller]
fn hold(page: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/reference")
        .join(page);
    let text = fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = text.split_once(BEGIN).expect("the first mark is there");
    let (there, after) = rest.split_once(END).expect("the second mark is there");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, [before, BEGIN, table, END, after].concat()).expect("it can be written");
    } else {
        assert_eq!(
            there, table,
            "{page} is out of date: UPDATE=1 make test ARGS=reference"
        );
    }
}

#[test]
fn the_environment_variables_are_those_of_the_code() {
    let mut tables = Vec::new();
    for (title, rows, _) in variables::sections() {
        let mut table =
            format!("## {title}\n\n| variable | values | default | meaning |\n|---|---|---|---|\n");
        for row in rows {
            let only = match row.only {
                Some(function) => format!("`{function}`. "),
                None => String::new(),
            };
            let (name, values, default, meaning) = (row.name, row.values, row.default, row.meaning);
            writeln!(table, "| `{name}` | {values} | {default} | {only}{meaning} |").expect("a string grows");
        }
        tables.push(table);
    }
    hold("environment-variables.md", &tables.join("\n"));
}

#[test]
fn the_keys_of_a_secret_are_those_of_the_code() {
    let mut table = "| key | value | meaning |\n|---|---|---|\n".to_owned();
    for (names, value, meaning) in FIELDS {
        let names = names.join("`, `");
        writeln!(table, "| `{names}` | {value} | {meaning} |").expect("a string grows");
    }
    hold("secret-values.md", &table);
}

#[test]
fn a_variable_is_listed_once() {
    let names: Vec<_> = variables::all().into_iter().map(|(name, _)| name).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
}
