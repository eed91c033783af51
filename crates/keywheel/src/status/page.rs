//! The list as one page that needs no network and no script: for a wall, a phone, or the printer.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

use super::gather::Row;
use crate::diagnosis::{Mark, Secret, State, Word};
use crate::words::names::name_of;
use crate::words::{shell, time};

const TEMPLATE: &str = include_str!("page.html");
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Days of the timeline.
const PAST: i32 = 30;
/// Names of one line at most.
const NAMED: usize = 20;
/// Days ahead.
const AHEAD: i32 = 7;

#[derive(Serialize)]
struct Page {
    region: String,
    account: Option<String>,
    made: String,
    version: &'static str,
    secrets: usize,
    counts: Vec<Count>,
    needs: Vec<Need>,
    failures: Vec<Failure>,
    due: Vec<Day>,
    without: NameList,
    oldest: String,
    timeline: Vec<Bar>,
    all: Vec<Line>,
    not_asked: Vec<String>,
}

#[derive(Serialize)]
struct Count {
    number: usize,
    word: &'static str,
    class: &'static str,
}

#[derive(Serialize)]
struct Need {
    word: &'static str,
    class: &'static str,
    name: String,
    quoted: String,
    state: &'static str,
    code: Option<String>,
    summary: String,
    works: String,
    last: String,
    function: String,
}

#[derive(Serialize)]
struct Failure {
    function: String,
    code: String,
    number: usize,
}

#[derive(Serialize)]
struct Day {
    day: String,
    names: NameList,
}

/// Names for one line.
#[derive(Serialize)]
struct NameList {
    number: usize,
    first: Vec<String>,
    more: usize,
}

impl NameList {
    fn of(mut names: Vec<String>) -> Self {
        names.sort();
        let number = names.len();
        names.truncate(NAMED);
        Self {
            number,
            more: number - names.len(),
            first: names,
        }
    }
}

#[derive(Serialize)]
struct Bar {
    day: String,
    label: String,
    number: usize,
    height: usize,
}

#[derive(Serialize)]
struct Line {
    word: &'static str,
    class: &'static str,
    name: String,
    last: String,
    due: String,
    function: String,
}

/// The page. All that comes from AWS is escaped.
pub(super) fn page(rows: &[Row], region: &str, now: Timestamp) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.render_str(TEMPLATE, Serde(content(rows, region, now)))
}

fn content(rows: &[Row], region: &str, now: Timestamp) -> Page {
    let is_without = |row: &&Row| row.diagnosis.state == State::NeverConfigured;
    let needing = || {
        let needing = rows.iter().filter(|row| row.diagnosis.word.needs_a_person());
        needing.filter(|row| !is_without(row))
    };
    let without = rows.iter().filter(is_without).map(|row| row.secret.name.clone());
    Page {
        region: region.to_owned(),
        account: rows.first().map(|row| row.secret.account().to_owned()),
        made: time::moment(now),
        version: env!("CARGO_PKG_VERSION"),
        secrets: rows.len(),
        counts: counts(rows),
        needs: needing().map(|row| need(row, now)).collect(),
        failures: failures(needing().filter(|row| row.diagnosis.word != Word::Off)),
        without: NameList::of(without.collect()),
        due: due(rows, now),
        oldest: oldest(rows, now),
        timeline: timeline(rows, now),
        all: rows.iter().map(|row| line(row, now)).collect(),
        not_asked: not_asked(rows),
    }
}

fn class(word: Word) -> &'static str {
    match word {
        Word::NotOurs => "dim",
        word => word.text(),
    }
}

fn counts(rows: &[Row]) -> Vec<Count> {
    let words = [
        (Word::Stuck, "stuck"),
        (Word::Broken, "broken"),
        (Word::Overdue, "overdue"),
        (Word::Off, "off"),
        (Word::Unknown, "unknown"),
        (Word::Running, "running"),
        (Word::Well, "ok"),
        (Word::NotOurs, "not ours"),
    ];
    let counted = words.into_iter().map(|(word, text)| Count {
        number: rows.iter().filter(|row| row.diagnosis.word == word).count(),
        word: text,
        class: class(word),
    });
    counted
        .filter(|count| count.number > 0 || count.word == "ok")
        .collect()
}

fn need(row: &Row, now: Timestamp) -> Need {
    let diagnosis = &row.diagnosis;
    Need {
        word: diagnosis.word.text(),
        class: class(diagnosis.word),
        name: row.secret.name.clone(),
        quoted: shell::quoted(&row.secret.name),
        state: diagnosis.state.name(),
        code: diagnosis.code.clone(),
        summary: diagnosis.summary.clone(),
        works: diagnosis.logins.word().to_owned(),
        last: last(&row.secret, now),
        function: function(&row.secret),
    }
}

fn line(row: &Row, now: Timestamp) -> Line {
    let due = match (row.due.overdue, row.due.at) {
        (Some(late), _) => format!("{} overdue", time::lasting(late)),
        (None, Some(at)) => time::day(at),
        (None, None) => "-".to_owned(),
    };
    Line {
        word: row.diagnosis.word.text(),
        class: class(row.diagnosis.word),
        name: row.secret.name.clone(),
        last: last(&row.secret, now),
        due,
        function: function(&row.secret),
    }
}

fn last(secret: &Secret, now: Timestamp) -> String {
    secret
        .last_rotated
        .map_or_else(|| "never".to_owned(), |at| time::ago(at, now))
}

fn function(secret: &Secret) -> String {
    secret.function.as_deref().map_or("-", name_of).to_owned()
}

fn failures<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Failure> {
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows {
        let code = row
            .diagnosis
            .code
            .clone()
            .unwrap_or_else(|| row.diagnosis.state.name().to_owned());
        *found.entry((function(&row.secret), code)).or_default() += 1;
    }
    let mut failures: Vec<_> = found
        .into_iter()
        .map(|((function, code), number)| Failure {
            function,
            code,
            number,
        })
        .collect();
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.number));
    failures
}

fn due(rows: &[Row], now: Timestamp) -> Vec<Day> {
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let on = rows.iter().filter(|row| row.secret.enabled == Some(true));
    for row in on {
        if let Some(at) = row
            .due
            .at
            .filter(|at| *at >= now && at.duration_since(now) < DAY * AHEAD)
        {
            days.entry(time::day(at))
                .or_default()
                .push(row.secret.name.clone());
        }
    }
    let days = days.into_iter();
    days.map(|(day, names)| Day {
        day,
        names: NameList::of(names),
    })
    .collect()
}

fn oldest(rows: &[Row], now: Timestamp) -> String {
    let on = rows.iter().filter(|row| row.secret.enabled == Some(true));
    let oldest = on
        .filter_map(|row| Some((row.secret.last_rotated?, &row.secret.name)))
        .min();
    oldest.map_or_else(
        || "none".to_owned(),
        |(at, name)| format!("{name}, {}", time::ago(at, now)),
    )
}

fn timeline(rows: &[Row], now: Timestamp) -> Vec<Bar> {
    let days = (0..PAST)
        .rev()
        .filter_map(|back| now.checked_sub(DAY * back).ok());
    let days: Vec<(String, usize)> = days
        .map(|at| {
            let day = time::day(at);
            let rotated = rows.iter().filter_map(|row| row.secret.last_rotated);
            let number = rotated.filter(|at| time::day(*at) == day).count();
            (day, number)
        })
        .collect();
    let most = days
        .iter()
        .map(|(_, number)| *number)
        .max()
        .unwrap_or_default()
        .max(1);
    days.into_iter()
        .map(|(day, number)| Bar {
            label: day.get(8..).unwrap_or_default().to_owned(),
            height: number * 75 / most,
            day,
            number,
        })
        .collect()
}

/// Each question that a permission was missing for, once.
fn not_asked(rows: &[Row]) -> Vec<String> {
    let reasons = rows.iter().flat_map(|row| &row.diagnosis.reasons);
    let mut lines: Vec<String> = reasons
        .filter(|reason| reason.mark == Mark::NotAsked && reason.text.contains("needs"))
        .map(|reason| format!("{}: {}", reason.topic, reason.text))
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use staging_labels::{Label, Labels, VersionId};

    use super::*;
    use crate::diagnosis::{Answer, Answers, Due, Names, diagnose};

    fn now() -> Timestamp {
        "2026-01-15T12:00:00Z".parse().unwrap()
    }

    fn row(name: &str, days: i32, pending: bool) -> Row {
        let mut labels = Labels::default();
        labels.attach(VersionId::stored("v1"), [Label::Current]);
        if pending {
            labels.attach(VersionId::stored("v2"), [Label::Pending]);
        }
        let secret = Secret {
            name: name.to_owned(),
            arn: format!("arn:aws:secretsmanager:us-east-1:111111111111:secret:{name}-AbCdEf"),
            enabled: Some(true),
            function: Some("arn:aws:lambda:us-east-1:111111111111:function:rotate".to_owned()),
            interval: Some(DAY * 30),
            next: None,
            last_rotated: Some(now() - DAY * days),
            created: None,
            changed: Some(now() - DAY * days),
            deleted: None,
            primary_region: None,
            owning_service: None,
            key: None,
            labels,
            tags: rotation::Tags::new(),
        };
        let answers = Answers {
            secret: Answer::Said(Some(secret.clone())),
            ..Answers::none("us-east-1")
        };
        let names = Names {
            secret: &secret.name,
            flags: &[],
        };
        Row {
            diagnosis: diagnose(&answers, names, now()),
            due: Due::of(&secret, now()),
            secret,
        }
    }

    #[test]
    fn counts_and_days_are_right() {
        let rows = [
            row("stuck", 3, true),
            row("soon", 28, false),
            row("later", 3, false),
            row("late", 60, false),
        ];
        let content = content(&rows, "us-east-1", now());
        let counted: Vec<_> = content
            .counts
            .iter()
            .map(|count| (count.word, count.number))
            .collect();
        assert_eq!(counted, [("stuck", 1), ("overdue", 1), ("ok", 2)]);
        let needs: Vec<_> = content.needs.iter().map(|need| need.name.as_str()).collect();
        assert_eq!(needs, ["stuck", "late"]);
        assert_eq!(content.due.len(), 1);
        assert_eq!(
            (content.due[0].day.as_str(), &content.due[0].names.first[..]),
            ("2026-01-17", &["soon".to_owned()][..])
        );
        assert_eq!(content.timeline.len(), 30);
        let rotated: usize = content.timeline.iter().map(|bar| bar.number).sum();
        assert_eq!(rotated, 3, "60 days ago is not on it");
        assert!(content.oldest.starts_with("late, 60 d"), "{}", content.oldest);
    }

    #[test]
    fn a_secret_that_was_never_rotated_is_no_trouble_and_long_lists_are_cut() {
        let plain = |number: i32| {
            let mut plain = row(&format!("plain/{number:02}"), 3, false);
            plain.secret.enabled = None;
            plain.secret.function = None;
            let answers = Answers {
                secret: Answer::Said(Some(plain.secret.clone())),
                ..Answers::none("us-east-1")
            };
            let names = Names {
                secret: "plain",
                flags: &[],
            };
            plain.diagnosis = diagnose(&answers, names, now());
            plain
        };
        let rows: Vec<Row> = (0..23).map(plain).collect();
        let content = content(&rows, "us-east-1", now());
        assert!(content.needs.is_empty() && content.failures.is_empty());
        let without = &content.without;
        assert_eq!((without.number, without.first.len(), without.more), (23, 20, 3));
    }

    #[test]
    fn what_comes_from_outside_is_text() {
        let mut hostile = row("a\"><script>alert(1)</script>", 3, true);
        hostile.diagnosis.code = Some("</p><img src=x onerror=alert(2)>".to_owned());
        hostile.secret.function = Some("arn:aws:lambda:us-east-1:1:function:<b>".to_owned());
        let page = page(&[hostile], "<i>", now()).unwrap();
        for tag in ["<script", "<img", "<b>&", "<i>&", "onerror=alert(2)>"] {
            assert!(!page.contains(tag), "{tag}");
        }
        assert!(
            !page.contains("http://") && !page.contains("https://"),
            "it loads nothing"
        );
    }

    #[test]
    fn an_account_without_secrets_has_a_page() {
        let page = page(&[], "us-east-1", now()).unwrap();
        assert!(page.contains("Nothing needs a person."));
    }
}
