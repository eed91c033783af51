//! The list as a table, JSON or comma-separated values.

use std::io::IsTerminal as _;

use comfy_table::{ContentArrangement, Table};
use jiff::Timestamp;
use serde_json::json;

use super::gather::Row;
use super::options::Options;
use crate::diagnosis::{Cause, Word};
use crate::words::names::name_of;
use crate::words::{print, shell, time};

const HEADER: [&str; 6] = ["STATE", "SECRET", "LAST", "DUE", "FUNCTION", "WHY"];

pub(super) fn print(rows: &[Row], options: &Options, now: Timestamp) {
    if options.json {
        print::answer(&document(rows).to_string());
    } else if options.csv {
        for line in csv(rows) {
            print::answer(&line);
        }
    } else {
        screen(rows, now);
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
    let header = "verdict,state,name,arn,last_rotated,due,function,cause,code".to_owned();
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

fn screen(rows: &[Row], now: Timestamp) {
    let terminal = std::io::stdout().is_terminal();
    if terminal {
        let mut table = Table::new();
        table
            .load_style(comfy_table::presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(HEADER);
        for row in rows {
            table.add_row(cells(row, now));
        }
        for line in table.lines() {
            let line = line.trim_end().trim_start_matches(' ');
            print::answer(&coloured(line));
        }
    } else {
        print::answer(&HEADER.join("\t"));
        for row in rows {
            print::answer(&cells(row, now).join("\t"));
        }
    }
    print::answer(&summary(rows));
}

/// The verdict, and why.
pub(super) fn state(row: &Row) -> String {
    format!("{}\t{}", row.diagnosis.word.text(), why(row))
}

fn why(row: &Row) -> String {
    match (&row.diagnosis.code, row.diagnosis.cause, row.diagnosis.word) {
        (_, _, Word::Well) => String::new(),
        (Some(code), ..) => format!("{}: {code}", row.diagnosis.state.name()),
        (None, Some(cause), _) if cause.name() != row.diagnosis.state.name() => {
            format!("{}: {}", row.diagnosis.state.name(), cause.name())
        }
        _ => row.diagnosis.state.name().to_owned(),
    }
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
        why(row),
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

fn summary(rows: &[Row]) -> String {
    let count = |wanted: fn(Word) -> bool| rows.iter().filter(|row| wanted(row.diagnosis.word)).count();
    let people = count(Word::needs_a_person);
    let mut text = format!(
        "secrets: {}, ok: {}, running: {}, need you: {people}, not ours: {}.",
        rows.len(),
        count(|word| word == Word::Well),
        count(|word| word == Word::Running),
        count(|word| word == Word::NotOurs),
    );
    if let Some(first) = rows.iter().find(|row| row.diagnosis.word.needs_a_person()) {
        text = format!("{text}  keywheel doctor {}", shell::quoted(&first.secret.name));
    }
    text
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
