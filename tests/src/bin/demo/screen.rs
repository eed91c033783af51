//! What a reader sees: 80 columns, and colour if the output is a terminal. `NO_COLOR` is obeyed.

use std::{env, io};

use anstream::{print, println};
use anstyle::{AnsiColor, Style};
use secrets_manager_local::RotationRun;
use staging_labels::{Label, Labels};

const WIDTH: usize = 80;
/// Characters of an id that tell versions apart.
const SHORT: usize = 8;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// The beginning of a part.
pub(crate) fn heading(text: &str) {
    println!("\n{BOLD}{text}{BOLD:#}\n");
}

/// A paragraph.
pub(crate) fn say(text: &str) {
    for line in wrapped(text, WIDTH - 3) {
        println!("   {line}");
    }
}

/// A remark that may be skipped.
pub(crate) fn remark(text: &str) {
    for line in wrapped(text, WIDTH - 3) {
        println!("   {DIM}{line}{DIM:#}");
    }
}

/// What somebody would type.
pub(crate) fn command(text: &str) {
    println!("   {BOLD}$ {text}{BOLD:#}");
}

/// Where the local Secrets Manager shows itself in a browser. With `WATCH` the reader has time to open that.
pub(crate) fn page(url: &str) {
    if env::var_os("WATCH").is_none_or(|watch| watch.is_empty()) {
        remark(&format!(
            "The labels in a browser, while this part runs: {url}/ (WATCH=1 waits for you)"
        ));
        return;
    }
    say(&format!("Open {url}/ in a browser, and press Enter."));
    // Without a terminal nobody waits.
    let _ = io::stdin().read_line(&mut String::new());
}

/// A step: its name, its time, and what it did; or the error that it ended with.
pub(crate) fn step(name: &str, milliseconds: f64, outcome: Result<&str, &str>) {
    let (style, text) = match outcome {
        Ok(text) => (GOOD, text),
        Err(text) => (BAD, text),
    };
    print!("   {style}{name:<13}{style:#}{milliseconds:>7.0} ms  ");
    let mut lines = wrapped(text, WIDTH - 28).into_iter();
    println!("{}", lines.next().unwrap_or_default());
    for line in lines {
        println!("{:28}{line}", "");
    }
}

/// The four steps of a rotation that Secrets Manager ran.
pub(crate) fn steps(run: &RotationRun) {
    for attempt in &run.attempts {
        for each in &attempt.steps {
            let error = each.error.as_ref().map(ToString::to_string);
            let outcome = error.as_deref().map_or(Ok("done"), Err);
            step(each.step, each.duration.as_secs_f64() * 1e3, outcome);
        }
    }
}

/// A version of the secret, with its labels, and whether its password works.
pub(crate) fn version(id: &str, labels: &str, works: Option<bool>) {
    let short = &id[..SHORT.min(id.len())];
    let (style, word) = match works {
        Some(true) => (GOOD, "logs in"),
        Some(false) => (DIM, "is refused"),
        None => (DIM, "has no value yet"),
    };
    println!("      {short}  {labels:<24} {style}{word}{style:#}");
}

/// Keys by name, with the labels of the version that each stands in.
pub(crate) fn keys(keys: &[(String, Vec<Label>)]) {
    for (name, labels) in keys {
        let labels: Vec<_> = labels.iter().map(Label::as_str).collect();
        println!("      {:<46} {}", short(name), labels.join(" "));
    }
}

/// A claim; whether it held.
pub(crate) fn claim(text: &str, held: bool) -> bool {
    let (style, word) = if held { (GOOD, "yes") } else { (BAD, "NO ") };
    let mut lines = wrapped(text, WIDTH - 8).into_iter();
    println!("   {style}{word}{style:#}  {}", lines.next().unwrap_or_default());
    for line in lines {
        println!("        {line}");
    }
    held
}

/// The labels by version.
pub(crate) fn each_version(labels: &Labels) -> Vec<(String, String)> {
    let text = labels.to_string();
    text.split(", ")
        .filter_map(|version| version.split_once(": "))
        .map(|(id, labels)| (id.to_owned(), labels.to_owned()))
        .collect()
}

/// A name that ends with the id of a version, with as much of the id as tells it apart.
fn short(name: &str) -> String {
    let id = name
        .len()
        .checked_sub(36)
        .and_then(|start| name.split_at_checked(start));
    match id {
        Some((start, id)) if start.contains("keywheel-") => format!("{start}{}…", &id[..SHORT]),
        _ => name.to_owned(),
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
