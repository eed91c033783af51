//! The list as one page that needs no network and no script: for a wall, a phone, or the printer.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

use super::gather::{Found, Row};
use crate::diagnosis::{Cause, Mark, Names, Secret, State, Word};
use crate::words::names::name_of;
use crate::words::time;

const TEMPLATE: &str = include_str!("page.html");
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Days of the timeline.
const PAST: i32 = 30;
/// Names of a day at most.
const NAMED: usize = 20;
/// Secrets of a group that are shown without a tap.
const OPEN: usize = 5;
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
    needs: usize,
    groups: Vec<Group>,
    failures: Vec<Failure>,
    due: Vec<Day>,
    oldest: Option<String>,
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

/// Secrets with the same trouble.
#[derive(Serialize)]
struct Group {
    word: &'static str,
    class: &'static str,
    why: String,
    summary: String,
    works: &'static str,
    locked_out: bool,
    function: String,
    /// What `keywheel explain` knows about it.
    topic: String,
    number: usize,
    first: Vec<Need>,
    more: Vec<Need>,
}

#[derive(Serialize)]
struct Need {
    command: String,
    times: String,
}

#[derive(Serialize)]
struct Failure {
    function: String,
    code: String,
    number: usize,
}

#[derive(Serialize)]
struct Day {
    date: String,
    number: usize,
    first: Vec<String>,
    more: usize,
}

#[derive(Serialize)]
struct Bar {
    day: String,
    label: String,
    number: usize,
    /// Of the highest bar, in percent.
    share: usize,
}

#[derive(Serialize)]
struct Line {
    word: &'static str,
    class: &'static str,
    name: String,
    about: String,
    last: String,
    due: String,
}

/// The page. All that comes from AWS is escaped.
pub(super) fn page(
    found: &Found,
    region: &str,
    flags: &[String],
    now: Timestamp,
) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.render_str(TEMPLATE, Serde(content(found, region, flags, now)))
}

fn content(found: &Found, region: &str, flags: &[String], now: Timestamp) -> Page {
    let rows = &found.rows;
    // Who reads the page may have another region at hand.
    let mut flags = flags.to_vec();
    if !flags.iter().any(|flag| flag == "--region") {
        flags.extend(["--region".to_owned(), region.to_owned()]);
    }
    let needing: Vec<&Row> = rows.iter().filter(|row| row.needs_a_person()).collect();
    Page {
        region: region.to_owned(),
        account: rows.first().map(|row| row.secret.account().to_owned()),
        made: time::moment(now),
        version: env!("CARGO_PKG_VERSION"),
        secrets: rows.len(),
        counts: counts(rows),
        needs: needing.len(),
        groups: groups(&needing, &flags, now),
        failures: failures(&needing),
        due: due(rows, now),
        oldest: oldest(rows, now),
        timeline: timeline(rows, now),
        all: rows.iter().map(|row| line(row, now)).collect(),
        not_asked: not_asked(found),
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
    let count = |wanted: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
    let locked_out = Count {
        number: count(&Row::is_locked_out),
        word: "new logins refused",
        class: class(Word::Stuck),
    };
    let by_word = words.into_iter().map(|(word, text)| Count {
        number: count(&|row| row.diagnosis.word == word && !row.is_without_rotation()),
        word: text,
        class: class(word),
    });
    let without = Count {
        number: count(&Row::is_without_rotation),
        word: "without rotation",
        class: "dim",
    };
    std::iter::once(locked_out)
        .chain(by_word)
        .chain([without])
        .filter(|count| count.number > 0 || count.word == "ok")
        .collect()
}

/// Those whose applications are locked out first, then as the rows come.
fn groups(needing: &[&Row], flags: &[String], now: Timestamp) -> Vec<Group> {
    let mut found: Vec<Group> = Vec::new();
    let mut places = BTreeMap::new();
    for row in needing {
        let group = group(row);
        let key = (
            group.why.clone(),
            group.summary.clone(),
            group.works,
            group.function.clone(),
        );
        let place = *places.entry(key).or_insert_with(|| {
            found.push(group);
            found.len() - 1
        });
        let group = &mut found[place];
        group.number += 1;
        let need = need(row, flags, now);
        if group.first.len() < OPEN {
            group.first.push(need);
        } else {
            group.more.push(need);
        }
    }
    found.sort_by_key(|group| !group.locked_out);
    found
}

fn group(row: &Row) -> Group {
    let diagnosis = &row.diagnosis;
    Group {
        word: diagnosis.word.text(),
        class: class(diagnosis.word),
        why: row.why(),
        summary: match diagnosis.state {
            // How late is told for each.
            State::Overdue => State::Overdue.meaning().to_owned(),
            _ => diagnosis.summary.clone(),
        },
        works: diagnosis.logins.word(),
        locked_out: row.is_locked_out(),
        function: function(&row.secret),
        topic: code(row),
        number: 0,
        first: Vec::new(),
        more: Vec::new(),
    }
}

fn need(row: &Row, flags: &[String], now: Timestamp) -> Need {
    let names = Names {
        secret: &row.secret.name,
        flags,
    };
    let rotated = row.secret.last_rotated.map_or_else(
        || "never rotated".to_owned(),
        |at| format!("last rotated {}", time::ago(at, now)),
    );
    let late = row.due.overdue;
    let late = late.map_or_else(String::new, |late| format!(", {} overdue", time::lasting(late)));
    Need {
        command: names.doctor(),
        times: format!("{rotated}{late}"),
    }
}

fn line(row: &Row, now: Timestamp) -> Line {
    let due = match (row.due.overdue, row.due.at) {
        (Some(late), _) => format!("{} overdue", time::lasting(late)),
        (None, Some(at)) => time::day(at),
        (None, None) => "-".to_owned(),
    };
    let function = row.secret.function.as_deref().map(|arn| name_of(arn).to_owned());
    let why = Some(row.why()).filter(|why| !why.is_empty());
    let about: Vec<String> = why.into_iter().chain(function).collect();
    Line {
        word: row.diagnosis.word.text(),
        class: if row.is_without_rotation() {
            "dim"
        } else {
            class(row.diagnosis.word)
        },
        name: row.secret.name.clone(),
        about: about.join(", "),
        last: last(&row.secret, now),
        due,
    }
}

fn last(secret: &Secret, now: Timestamp) -> String {
    secret
        .last_rotated
        .map_or_else(|| "never".to_owned(), |at| time::ago(at, now))
}

fn function(secret: &Secret) -> String {
    secret.function.as_deref().map_or("none", name_of).to_owned()
}

/// The error's code, or else the cause or the state: `keywheel explain` knows each of them.
fn code(row: &Row) -> String {
    let diagnosis = &row.diagnosis;
    let name = diagnosis.cause.map_or(diagnosis.state.name(), Cause::name);
    diagnosis.code.clone().unwrap_or_else(|| name.to_owned())
}

fn failures(needing: &[&Row]) -> Vec<Failure> {
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in needing.iter().filter(|row| row.diagnosis.word != Word::Off) {
        *found.entry((function(&row.secret), code(row))).or_default() += 1;
    }
    let failures = found.into_iter().map(|((function, code), number)| Failure {
        function,
        code,
        number,
    });
    let mut failures: Vec<_> = failures.collect();
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.number));
    failures
}

fn due(rows: &[Row], now: Timestamp) -> Vec<Day> {
    let mut days: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    let on = rows.iter().filter(|row| row.secret.enabled == Some(true));
    for row in on.filter(|row| row.due.overdue.is_none()) {
        // What may still be rotated in its window is due today.
        let at = row.due.at.map(|at| at.max(now));
        if let Some(at) = at.filter(|at| at.duration_since(now) < DAY * AHEAD) {
            let (_, names) = days
                .entry(time::day(at))
                .or_insert_with(|| (at.strftime("%a %m-%d").to_string(), Vec::new()));
            names.push(row.secret.name.clone());
        }
    }
    let day = |(date, mut names): (String, Vec<String>)| {
        names.sort();
        let number = names.len();
        names.truncate(NAMED);
        Day {
            date,
            number,
            more: number - names.len(),
            first: names,
        }
    };
    days.into_values().map(day).collect()
}

fn oldest(rows: &[Row], now: Timestamp) -> Option<String> {
    let on = rows.iter().filter(|row| row.secret.enabled == Some(true));
    let oldest = on.filter_map(|row| Some((row.secret.last_rotated?, &row.secret.name)));
    let (at, name) = oldest.min()?;
    Some(format!("{name}, {}", time::ago(at, now)))
}

fn timeline(rows: &[Row], now: Timestamp) -> Vec<Bar> {
    let mut rotated: BTreeMap<String, usize> = BTreeMap::new();
    for at in rows.iter().filter_map(|row| row.secret.last_rotated) {
        *rotated.entry(time::day(at)).or_default() += 1;
    }
    let days = (0..PAST)
        .rev()
        .filter_map(|back| now.checked_sub(DAY * back).ok());
    let days: Vec<(String, usize)> = days
        .map(|at| {
            let day = time::day(at);
            let number = rotated.get(&day).copied().unwrap_or_default();
            (day, number)
        })
        .collect();
    let most = days.iter().map(|(_, number)| *number).max().unwrap_or_default();
    if most == 0 {
        return Vec::new();
    }
    days.into_iter()
        .map(|(day, number)| Bar {
            label: day.get(5..).unwrap_or_default().to_owned(),
            share: number * 100 / most,
            day,
            number,
        })
        .collect()
}

/// What the verdicts lack: each question that a permission was missing for, once, and the looks that were not taken.
fn not_asked(found: &Found) -> Vec<String> {
    let reasons = found.rows.iter().flat_map(|row| &row.diagnosis.reasons);
    let mut lines: Vec<String> = reasons
        .filter(|reason| reason.mark == Mark::NotAsked && reason.text.contains("needs"))
        .map(|reason| format!("{}: {}", reason.topic, reason.text))
        .collect();
    lines.sort();
    lines.dedup();
    lines.extend(found.not_looked_at());
    lines
}

#[cfg(test)]
mod tests {
    use staging_labels::{Label, VersionId};

    use super::*;
    use crate::diagnosis::{Answer, Answers, Due, Names, Secret, Works, diagnose};

    fn now() -> Timestamp {
        "2026-01-15T12:00:00Z".parse().unwrap()
    }

    fn row(name: &str, days: i32, pending: bool) -> Row {
        let mut secret = Secret {
            last_rotated: Some(now() - DAY * days),
            changed: Some(now() - DAY * days),
            ..Secret::rotated(name)
        };
        if pending {
            secret.labels.attach(VersionId::stored("v2"), [Label::Pending]);
        }
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

    fn found(rows: impl Into<Vec<Row>>) -> Found {
        Found {
            rows: rows.into(),
            passed_over: 0,
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
        let content = content(&found(rows), "us-east-1", &[], now());
        let counted: Vec<_> = content
            .counts
            .iter()
            .map(|count| (count.word, count.number))
            .collect();
        assert_eq!(counted, [("stuck", 1), ("overdue", 1), ("ok", 2)]);
        assert_eq!(content.needs, 2);
        let commands = content.groups.iter().flat_map(|group| &group.first);
        let commands: Vec<_> = commands.map(|need| need.command.as_str()).collect();
        assert_eq!(
            commands,
            [
                "keywheel doctor stuck --region us-east-1",
                "keywheel doctor late --region us-east-1"
            ]
        );
        assert_eq!(content.due.len(), 1);
        assert_eq!(
            (content.due[0].date.as_str(), &content.due[0].first[..]),
            ("Sat 01-17", &["soon".to_owned()][..])
        );
        assert_eq!(content.timeline.len(), 30);
        let rotated: usize = content.timeline.iter().map(|bar| bar.number).sum();
        assert_eq!(rotated, 3, "60 days ago is not on it");
        assert_eq!(content.oldest.as_deref(), Some("late, 60 d ago"));
    }

    #[test]
    fn a_secret_that_was_never_rotated_is_no_trouble() {
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
        let content = content(&found(rows), "us-east-1", &[], now());
        assert!(content.groups.is_empty() && content.failures.is_empty());
        let without = content
            .counts
            .iter()
            .find(|count| count.word == "without rotation");
        assert_eq!(without.map(|count| count.number), Some(23));
        assert_eq!((content.needs, content.all.len()), (0, 23));
    }

    #[test]
    fn secrets_with_the_same_trouble_are_together_and_those_that_refuse_logins_are_first() {
        let mut rows: Vec<Row> = (0..23)
            .map(|number| row(&format!("stuck/{number}"), 3, true))
            .collect();
        rows[7].diagnosis.logins = Works::No("a test says so");
        let flags = ["--region".to_owned(), "eu-west-1".to_owned()];
        let content = content(&found(rows), "eu-west-1", &flags, now());
        let sizes: Vec<_> = content
            .groups
            .iter()
            .map(|group| (group.number, group.first.len(), group.more.len()))
            .collect();
        assert_eq!(sizes, [(1, 1, 0), (22, 5, 17)]);
        assert_eq!(
            content.groups[0].first[0].command,
            "keywheel doctor stuck/7 --region eu-west-1"
        );
    }

    #[test]
    fn what_may_still_be_rotated_today_is_due_today() {
        let late = row("late", 30, false);
        let content = content(
            &found([late]),
            "us-east-1",
            &[],
            now() + SignedDuration::from_hours(5),
        );
        assert_eq!(content.due[0].date, "Thu 01-15");
    }

    #[test]
    fn what_comes_from_outside_is_text() {
        let mut hostile = row("a\"><script>alert(1)</script>", 3, true);
        hostile.diagnosis.code = Some("</p><img src=x onerror=alert(2)>".to_owned());
        hostile.secret.function = Some("arn:aws:lambda:us-east-1:1:function:<b>".to_owned());
        let page = page(&found([hostile]), "<i>", &[], now()).unwrap();
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
        let page = page(&found([]), "us-east-1", &[], now()).unwrap();
        assert!(page.contains("Nothing needs a person."));
    }
}
