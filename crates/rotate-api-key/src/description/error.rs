//! What is wrong with a description, where.

use std::fmt;

use super::locate::Places;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Counted from 1.
    pub(crate) line: usize,
    /// The key, such as `create.json.name`; empty if it is the file as a whole.
    pub(crate) key: String,
    /// What is wrong: lower case, no full stop.
    pub(crate) what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)
    }
}

/// A description that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider definition {file} cannot be used: {}", list(problems))]
pub struct DescriptionError {
    /// The file, or whatever it was read from.
    pub(crate) file: String,
    /// All that is wrong; at least one, by line.
    pub(crate) problems: Vec<Problem>,
}

fn list(problems: &[Problem]) -> String {
    let words: Vec<_> = problems.iter().map(ToString::to_string).collect();
    words.join("; ")
}

impl DescriptionError {
    /// All that is wrong, by line: the line, counted from 1; the key, empty if it is the file as a whole; and the words.
    pub fn problems(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        let all = self.problems.iter();
        all.map(|problem| (problem.line, problem.key.as_str(), problem.what.as_str()))
    }

    /// What the parser says.
    pub(super) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let places = Places::of(text);
        if let Some((offset, key)) = places.repeated() {
            let problem = Problem {
                line: line_of(text, offset),
                key: key.to_owned(),
                what: format!("stands once: [{key}], and not [[{key}]]"),
            };
            return Self {
                file: file.to_owned(),
                problems: vec![problem],
            };
        }
        // What is missing from the file as a whole belongs to no key, though one may stand where the file begins.
        let is_a_key = |at: &str| !at.is_empty() && !at.contains('=');
        let place = error
            .span()
            .filter(|span| span.start > 0 || text.get(span.clone()).is_some_and(is_a_key));
        let offset = place.as_ref().map_or(0, |span| span.start);
        let problem = Problem {
            line: line_of(text, offset),
            key: place.map_or_else(String::new, |_| places.key_at(offset)),
            what: error.message().trim_end_matches('.').replace('\n', ", "),
        };
        Self {
            file: file.to_owned(),
            problems: vec![problem],
        }
    }

    /// What the rules say.
    pub(super) fn semantic(file: &str, text: &str, problems: Vec<(String, String)>) -> Self {
        let places = Places::of(text);
        let mut problems: Vec<_> = problems
            .into_iter()
            .map(|(key, what)| Problem {
                line: line_of(text, places.offset_of(&key)),
                key,
                what,
            })
            .collect();
        problems.sort_by_key(|problem| problem.line);
        Self {
            file: file.to_owned(),
            problems,
        }
    }

    /// A file that could not be read.
    pub(crate) fn unreadable(file: &str, error: &std::io::Error) -> Self {
        Self {
            file: file.to_owned(),
            problems: vec![Problem {
                line: 1,
                key: String::new(),
                what: format!("it cannot be read: {error}"),
            }],
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.split(|&byte| byte == b'\n').count()
}
