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
        let path = runbook.join(format!("{code}.md"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            pages,
            "    ({code:?}, include_str!({:?})),",
            path.display().to_string()
        );
    }
    pages.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), pages)
}
