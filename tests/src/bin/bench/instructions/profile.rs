//! Where instructions go: what callgrind wrote, summed up by crate.

use std::collections::{BTreeMap, HashMap};

use super::Anything;

/// Lines of a profile that are shown.
const SHOWN: usize = 24;

/// Instructions by crate, and by the function that has them.
#[derive(Default)]
pub(super) struct Profile {
    crates: BTreeMap<String, u64>,
    functions: BTreeMap<String, u64>,
}

impl Profile {
    /// Adds one dump, and gives its sum.
    ///
    /// The format: `fl=`, `fi=` and `fe=` change the source file, `fn=` the function, each `(id) name` the first time and `(id)` later. A
    /// line that begins with a digit, `+`, `-` or `*` is a line number and its count; the one after `calls=` counts what was called, and
    /// is left out here.
    pub(super) fn add(&mut self, dump: &str) -> Anything<u64> {
        let (mut files, mut functions) = (HashMap::new(), HashMap::new());
        let (mut file, mut function, mut object) = ("", "", "");
        let mut objects = HashMap::new();
        let (mut sum, mut called) = (0, false);
        for line in dump.lines() {
            if let Some((key, value)) = line.split_once('=') {
                match key {
                    "fl" | "fi" | "fe" => file = named(&mut files, value),
                    "fn" => function = named(&mut functions, value),
                    "ob" => object = named(&mut objects, value),
                    "cfi" | "cfl" => drop(named(&mut files, value)),
                    "cfn" => drop(named(&mut functions, value)),
                    "cob" => drop(named(&mut objects, value)),
                    "calls" => called = true,
                    _ => {}
                }
                continue;
            }
            if !line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
                continue;
            }
            if std::mem::take(&mut called) {
                continue;
            }
            let count = line.split_whitespace().nth(1).unwrap_or("0");
            let count: u64 = count.parse().map_err(|_| format!("callgrind wrote {line}"))?;
            sum += count;
            *self.crates.entry(crate_of(file, function, object)).or_default() += count;
            *self.functions.entry(function.to_owned()).or_default() += count;
        }
        Ok(sum)
    }

    /// The largest shares.
    pub(super) fn print(&self) {
        for (title, shares) in [("crate", &self.crates), ("function", &self.functions)] {
            let sum: u64 = shares.values().sum();
            let mut shares: Vec<_> = shares.iter().collect();
            shares.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            println!("    {:>6}  {title}", "%");
            for (name, count) in shares.into_iter().take(SHOWN) {
                let name: String = name.chars().take(100).collect();
                println!("    {:>6.2}  {name}", *count as f64 / sum as f64 * 100.0);
            }
        }
    }
}

/// The name that `(id) name` gives, or `(id)` was given.
fn named<'a>(names: &mut HashMap<&'a str, &'a str>, value: &'a str) -> &'a str {
    match value.split_once(' ') {
        Some((id, name)) => {
            names.insert(id, name);
            name
        }
        None => names.get(value).copied().unwrap_or(value),
    }
}

/// The crate that a source file belongs to; without a file (C, assembly), the library, or what the function's name begins with.
fn crate_of(file: &str, function: &str, object: &str) -> String {
    let after = |mark: &str| file.split_once(mark).map(|(_, rest)| rest);
    if let Some(rest) = after("/registry/src/") {
        let directory = rest.split('/').nth(1).unwrap_or(rest);
        return directory
            .rsplit_once('-')
            .map_or(directory, |(name, _)| name)
            .to_owned();
    }
    if let Some(rest) = after("/library/") {
        return rest.split('/').next().unwrap_or(rest).to_owned();
    }
    if let Some(rest) = after("/crates/").or_else(|| file.strip_prefix("crates/")) {
        return rest.split('/').next().unwrap_or(rest).to_owned();
    }
    if function.contains("ring_core") {
        return "ring".to_owned();
    }
    match object.rsplit('/').next() {
        Some(library) if library.contains(".so") => library.to_owned(),
        _ => function.split("::").next().unwrap_or(function).to_owned(),
    }
}
