//! Puts the pages of the runbook into the program, so that `keywheel explain` needs no network.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let runbook = Path::new(&root).join("../../docs/runbook").canonicalize()?;
    println!("cargo::rerun-if-changed={}", runbook.display());
    let mut codes: Vec<String> = fs::read_dir(&runbook)?
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect();
    codes.sort();
    let page = |name: &str| fs::read_to_string(runbook.join(format!("{name}.md")));
    let mut pages = String::from("(&[\n");
    for code in codes {
        // Writing to a string cannot fail.
        let _ = writeln!(pages, "    ({code:?}, {:?}),", for_a_terminal(&page(&code)?));
    }
    pages.push_str("], &[\n");
    let first = page("README")?;
    for section in first.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let text = for_a_terminal(&format!("# {section}"));
        let _ = writeln!(pages, "    ({:?}, {text:?}),", anchor(title));
    }
    pages.push_str("])\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), pages)
}

/// Without notes for the tests, and with commands in place of links within the runbook.
fn for_a_terminal(page: &str) -> String {
    let blocks: Vec<&str> = page
        .split("\n\n")
        .filter(|block| !block.trim_start().starts_with("<!--"))
        .collect();
    let page = blocks.join("\n\n");
    let mut text = String::new();
    let mut rest = page.as_str();
    while let Some((before, link)) = rest.split_once('[') {
        text.push_str(before);
        let parts = link
            .split_once("](")
            .and_then(|(title, link)| Some((title, link.split_once(')')?)));
        let Some((title, (target, after))) = parts.filter(|(title, _)| !title.contains('[')) else {
            text.push('[');
            rest = link;
            continue;
        };
        rest = after;
        let section = target.strip_prefix("README.md").unwrap_or(target);
        if let Some(anchor) = section.strip_prefix('#') {
            let _ = write!(text, "{title} (keywheel explain {anchor})");
        } else if target.strip_suffix(".md").is_some_and(|name| !name.contains('/')) {
            text.push_str(title);
        } else {
            let _ = write!(text, "[{title}]({target})");
        }
    }
    text + rest
}

/// A title as links have it.
fn anchor(title: &str) -> String {
    let kept = title.to_lowercase();
    kept.chars()
        .filter(|letter| letter.is_alphanumeric() || *letter == ' ')
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}
