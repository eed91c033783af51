//! `keywheel provider check`: the function's own loader, file by file.

use std::fs;
use std::path::{Path, PathBuf};

use rotate_api_key::Description;
use rotate_api_key::trial::Outline;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::words::print;

/// What is to be done about any of them.
const REMEDY: &str = "correct the lines; docs/api-keys.md#reference has every key";

/// What one file is.
enum Found {
    /// A definition of this provider.
    Fit(String),
    /// No definition: each problem with its line and key.
    Unfit(Vec<(usize, String, String)>),
    /// Nobody knows.
    Unread(String),
}

/// Says what each file is.
pub(super) fn run(files: &[PathBuf], json: bool) -> Exit {
    let found: Vec<_> = files.iter().map(|file| (file.as_path(), look(file))).collect();
    if json {
        let files: Vec<_> = found.iter().map(|(file, found)| entry(file, found)).collect();
        print::answer(&json!({"version": 1, "files": files}).to_string());
    } else {
        for (file, found) in &found {
            tell(file, found);
        }
    }
    let any = |is: fn(&Found) -> bool| found.iter().any(|(_, found)| is(found));
    if any(|found| matches!(found, Found::Unread(_))) {
        Exit::Unanswered
    } else if any(|found| matches!(found, Found::Unfit(_))) {
        if !json {
            print::progress(REMEDY);
        }
        Exit::Finding
    } else {
        Exit::Well
    }
}

fn look(file: &Path) -> Found {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return Found::Unread(error.to_string()),
    };
    match Description::load(&file.display().to_string(), &text) {
        Ok(description) => Found::Fit(Outline::of(&description).provider),
        Err(error) => {
            let problems = error.problems();
            Found::Unfit(
                problems
                    .map(|(line, key, what)| (line, key.to_owned(), what.to_owned()))
                    .collect(),
            )
        }
    }
}

fn tell(file: &Path, found: &Found) {
    let name = file.display();
    match found {
        Found::Fit(provider) => print::answer(&format!("ok     {name}  provider {provider}")),
        Found::Unread(why) => print::answer(&format!("FAILED {name}  it cannot be read: {why}")),
        Found::Unfit(problems) => {
            for (line, key, what) in problems {
                let key = if key.is_empty() {
                    String::new()
                } else {
                    format!("{key}: ")
                };
                print::answer(&format!("{name}:{line}: {key}{what}"));
            }
        }
    }
}

fn entry(file: &Path, found: &Found) -> Value {
    let name = file.display().to_string();
    match found {
        Found::Fit(provider) => json!({"file": name, "state": "ok", "provider": provider}),
        Found::Unread(why) => json!({"file": name, "state": "unread", "problem": why}),
        Found::Unfit(problems) => {
            let problems: Vec<_> = problems
                .iter()
                .map(|(line, key, what)| json!({"line": line, "key": key, "problem": what}))
                .collect();
            json!({"file": name, "state": "unfit", "problems": problems, "remedy": REMEDY})
        }
    }
}
