//! The list as a table, JSON or comma-separated values.

use std::io::{self, IsTerminal as _};

use comfy_table::{ContentArrangement, Table};
use jiff::Timestamp;
use serde_json::json;
use terminal_size::{Width, terminal_size_of};

use super::gather::{Found, Row};
use super::options::Options;
use crate::diagnosis::{Cause, Names, Word};
use crate::words::names::name_of;
use crate::words::{print, time};

const HEADER: [&str; 6] = ["STATE", "SECRET", "LAST", "DUE", "FUNCTION", "WHY"];

pub(super) fn print(found: &Found, options: &Options, flags: &[String], now: Timestamp) {
    let rows = &found.rows;
    if options.json {
        print::answer(&document(rows).to_string());
    } else if options.csv {
        print::answer(&csv(rows).join("\n"));
    } else if io::stdout().is_terminal() {
        print::answer(&table(rows, now).join("\n"));
        print::answer(&summary(rows, flags));
    } else {
        print::answer(&tabs(rows, now).join("\n"));
        // A program that reads the rows does not take it for one.
        print::progress(&summary(rows, flags));
    }
    if let Some(text) = found.not_looked_at() {
        print::progress(&text);
    }
}

fn document(rows: &[Row]) -> serde_json::Value {
    let row = |row: &Row| {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        json!({
            "name": row.secret.name,
            "arn": row.secret.arn,
            "verdict": row.diagnosis.word.text(),
            "state": row.diagnosis.state.name(),
            "cause": row.diagnosis.cause.map(Cause::name),
            "code": row.diagnosis.code,
            "current_works": row.diagnosis.logins.word(),
            "last_rotated": text(row.secret.last_rotated),
            "due": text(row.due.at),
            "function": row.secret.function,
            "summary": row.diagnosis.summary,
        })
    };
    json!({ "version": 1, "secrets": rows.iter().map(row).collect::<Vec<_>>() })
}

fn csv(rows: &[Row]) -> Vec<String> {
    let header = "verdict,state,name,arn,last_rotated,due,function,cause,code,current_works".to_owned();
    let line = |row: &Row| {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        [
            row.diagnosis.word.text().to_owned(),
            row.diagnosis.state.name().to_owned(),
            row.secret.name.clone(),
            row.secret.arn.clone(),
            text(row.secret.last_rotated),
            text(row.due.at),
            row.secret.function.clone().unwrap_or_default(),
            row.diagnosis.cause.map_or("", |cause| cause.name()).to_owned(),
            row.diagnosis.code.clone().unwrap_or_default(),
            row.diagnosis.logins.word().to_owned(),
        ]
        .map(|field| quoted(&field))
        .join(",")
    };
    std::iter::once(header).chain(rows.iter().map(line)).collect()
}

/// A field of RFC 4180. A spreadsheet takes what begins with `=`, `+`, `-` or `@` for a formula; a dash alone is none.
fn quoted(field: &str) -> String {
    let formula = field.len() > 1 && field.starts_with(['=', '+', '-', '@']);
    let field = if formula {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

/// The table in lines that fit. In a narrow window the reason and the function get a line of their own, and the name is last: a long
/// one then breaks no column.
pub(super) fn table(rows: &[Row], now: Timestamp) -> Vec<String> {
    let width = terminal_size_of(io::stdout()).map_or(usize::MAX, |(Width(width), _)| width.into());
    let wide = columns(rows, now, |cells| cells);
    if wide.iter().all(|line| line.chars().count() <= width) {
        return wide.iter().map(|line| coloured(line)).collect();
    }
    let mut lines = columns(rows, now, |[state, name, last, due, ..]| [state, last, due, name]).into_iter();
    let mut all: Vec<String> = lines.next().into_iter().collect();
    for (line, row) in lines.zip(rows) {
        all.push(coloured(&line));
        let why = row.why();
        if !why.is_empty() {
            let function = row.secret.function.as_deref().map_or("-", name_of);
            all.push(format!("         {why}  {function}"));
        }
    }
    all
}

/// A line for the header and for each row, of the cells that `choose` leaves.
fn columns<const N: usize>(
    rows: &[Row],
    now: Timestamp,
    choose: fn([String; 6]) -> [String; N],
) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(choose(HEADER.map(str::to_owned)));
    for row in rows {
        table.add_row(choose(cells(row, now)));
    }
    table.lines().map(|line| line.trim().to_owned()).collect()
}

/// Off a terminal: tabs, so that the columns are easy to cut.
fn tabs(rows: &[Row], now: Timestamp) -> Vec<String> {
    let rows = rows.iter().map(|row| cells(row, now).join("\t"));
    std::iter::once(HEADER.join("\t")).chain(rows).collect()
}

/// The verdict, and why.
pub(super) fn state(row: &Row) -> String {
    format!("{}\t{}", row.diagnosis.word.text(), row.why())
}

fn cells(row: &Row, now: Timestamp) -> [String; 6] {
    let last = row
        .secret
        .last_rotated
        .map_or_else(|| "never".to_owned(), |at| time::ago(at, now));
    let due = match (row.due.overdue, row.due.at) {
        (Some(late), _) => format!("{} overdue", time::lasting(late)),
        (None, Some(at)) if at > now => format!("in {}", time::lasting(at.duration_since(now))),
        (None, Some(_)) => "now".to_owned(),
        (None, None) => "-".to_owned(),
    };
    let function = row.secret.function.as_deref().map_or("-", name_of);
    [
        row.diagnosis.word.text().to_owned(),
        row.secret.name.clone(),
        last,
        due,
        function.to_owned(),
        row.why(),
    ]
}

/// The word at the beginning in its colour.
fn coloured(line: &str) -> String {
    const WORDS: [Word; 8] = [
        Word::Stuck,
        Word::Broken,
        Word::Overdue,
        Word::Off,
        Word::Unknown,
        Word::Running,
        Word::Well,
        Word::NotOurs,
    ];
    WORDS
        .into_iter()
        .find_map(|word| {
            let rest = line.strip_prefix(word.text())?;
            rest.starts_with(' ')
                .then(|| format!("{}{rest}", print::word(word)))
        })
        .unwrap_or_else(|| line.to_owned())
}

/// The last line: how many of each, and what to type first.
pub(super) fn summary(rows: &[Row], flags: &[String]) -> String {
    let count = |wanted: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
    let of = |word: Word| count(&|row| row.diagnosis.word == word);
    let counts = [
        ("ok", of(Word::Well)),
        ("running", of(Word::Running)),
        ("need you", count(&Row::needs_a_person)),
        ("new logins refused", count(&Row::is_locked_out)),
        ("unknown", of(Word::Unknown)),
        ("without rotation", count(&Row::is_without_rotation)),
        ("not ours", of(Word::NotOurs)),
    ];
    let counts = counts.into_iter().filter(|(_, number)| *number > 0);
    let all = std::iter::once(("secrets", rows.len())).chain(counts);
    let texts: Vec<String> = all.map(|(word, number)| format!("{word}: {number}")).collect();
    let text = texts.join(", ");
    match rows.iter().find(|row| row.needs_a_person()) {
        Some(first) => {
            let names = Names {
                secret: &first.secret.name,
                flags,
            };
            format!("{text}\n       {}", names.doctor())
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_and_is_no_formula() {
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("-"), "-");
    }
}
