//! The part of fuzzing that an ordinary test does: the committed corpus of a target, and mutations of it that are always
//! the same. Each crate with a target includes this file in its tests.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Mutations of each file.
const MUTATIONS: usize = 64;
/// A longer input is looked at as it is, and not mutated.
const LONGEST: usize = 4096;
/// What the grammars are made of, to be put anywhere.
const PIECES: [&str; 24] = [
    "\"", "\\", "{", "}", "[", "]", ":", ",", "@", "/", "?", "#", "%", "%00", "\\u0000", "\\ud800", "\n",
    "\0", "{{", "}}", "-----", "\u{feff}", "\u{fc}", "1e999",
];

/// Calls `property` with each file of `fuzz/corpus/TARGET` and of `more`, directories of the repository, and with
/// mutations of each.
///
/// # Panics
/// If the property does, with the input that broke it.
pub(crate) fn check(target: &str, more: &[&str], property: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = root.join("fuzz/corpus").join(target);
    let files: Vec<PathBuf> = std::iter::once(own)
        .chain(more.iter().map(|folder| root.join(folder)))
        .flat_map(|folder| {
            let before = files(&folder);
            assert!(!before.is_empty(), "no file in {}", folder.display());
            before
        })
        .collect();
    let seeds: Vec<_> = files
        .iter()
        .map(|file| fs::read(file).expect("it is there"))
        .collect();
    for (number, seed) in seeds.iter().enumerate() {
        let mut chance = Chance(number as u64 + 1);
        run(property, seed, &files[number]);
        for _ in 0..MUTATIONS {
            if seed.len() <= LONGEST {
                run(property, &chance.mutated(seed, &seeds), &files[number]);
            }
        }
    }
}

fn run(property: fn(&[u8]), input: &[u8], file: &Path) {
    let outcome = catch_unwind(AssertUnwindSafe(|| property(input)));
    assert!(
        outcome.is_ok(),
        "{} or a mutation of it breaks the property: {}",
        file.display(),
        input.escape_ascii()
    );
}

/// All files below a directory, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Xorshift: the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit.max(1) as u64)).expect("it is below a usize")
    }

    /// One to four changes: a bit, a range without its bytes, a piece of a grammar, a piece of another file.
    fn mutated(&mut self, seed: &[u8], seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            let end = (at + self.below(9)).min(input.len());
            match self.below(4) {
                0 if at < input.len() => input[at] ^= 1 << self.below(8),
                1 => drop(input.splice(at..end, [])),
                2 => drop(input.splice(at..end, PIECES[self.below(PIECES.len())].bytes())),
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len() + 1);
                    let to = (from + self.below(64)).min(other.len());
                    drop(input.splice(at..end, other[from..to].iter().copied()));
                }
            }
        }
        input
    }
}
