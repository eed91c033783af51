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
    let mut pages = String::from("&[\n");
    for code in codes {
        let page = fs::read_to_string(runbook.join(format!("{code}.md")))?;
        // Notes for the tests are not for a terminal.
        let page: Vec<&str> = page
            .split("\n\n")
            .filter(|block| !block.trim_start().starts_with("<!--"))
            .collect();
        // Writing to a string cannot fail.
        let _ = writeln!(pages, "    ({code:?}, {:?}),", page.join("\n\n"));
    }
    pages.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), pages)
}
