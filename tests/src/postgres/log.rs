//! What a server has logged.

use std::path::Path;
use std::{fmt, fs};

/// The text of a server log, or of a part of it.
///
/// With `log_statement=all` it holds every statement, with the connections and disconnections, and each failed login.
/// The line of a disconnection may come a moment after the client has gone.
#[derive(Clone)]
pub struct ServerLog(String);

impl ServerLog {
    pub(super) fn read(path: &Path) -> Self {
        // A server that could not even be started has no log.
        Self(String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned())
    }

    /// Whether `text` occurs anywhere.
    pub fn contains(&self, text: &str) -> bool {
        self.0.contains(text)
    }

    /// The entries of the sessions, and attempted sessions, in `database`.
    #[must_use]
    pub fn of_database(&self, database: &str) -> Self {
        self.filtered(&format!("@{database}>"))
    }

    /// The entries of the sessions, and attempted sessions, of `role`.
    #[must_use]
    pub fn of_role(&self, role: &str) -> Self {
        self.filtered(&format!("<{role}@"))
    }

    /// What came after `earlier`, an earlier reading of the same log, filtered in the same way.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self(self.0.strip_prefix(&earlier.0).unwrap_or(&self.0).to_owned())
    }

    /// How many clients logged in by TCP, the harness's own logins left out.
    pub fn logins(&self) -> usize {
        self.0
            .lines()
            .filter(|line| {
                line.contains("connection authorized:") && !line.contains("application_name=harness")
            })
            .count()
    }

    /// How many logins failed: each leaves one FATAL line.
    pub fn failed_logins(&self) -> usize {
        self.0.lines().filter(|line| line.contains("FATAL:")).count()
    }

    /// The statements that clients sent, in order.
    pub fn statements(&self) -> Vec<String> {
        self.entries()
            .iter()
            .filter_map(|entry| statement(entry))
            .collect()
    }

    fn filtered(&self, mark: &str) -> Self {
        // The mark counts in the prefix only, not in a statement that happens to contain it.
        let of_it = |entry: &&String| {
            entry
                .split_once("> ")
                .is_some_and(|(prefix, _)| format!("{prefix}>").contains(mark))
        };
        Self(self.entries().iter().filter(of_it).map(String::as_str).collect())
    }

    /// An entry is a line and the lines after it that begin with a tab.
    fn entries(&self) -> Vec<String> {
        let mut entries: Vec<String> = Vec::new();
        for line in self.0.split_inclusive('\n') {
            match entries.last_mut() {
                Some(entry) if line.starts_with('\t') => entry.push_str(line),
                _ => entries.push(line.to_owned()),
            }
        }
        entries
    }
}

/// The statement of an entry like `… LOG:  statement: SELECT 1` or `… LOG:  execute <unnamed>: SELECT $1`.
fn statement(entry: &str) -> Option<String> {
    let (_, message) = entry.split_once("LOG:  ")?;
    let simple = message.strip_prefix("statement: ");
    let statement = simple.or_else(|| {
        message
            .strip_prefix("execute ")?
            .split_once(": ")
            .map(|(_, text)| text)
    })?;
    Some(statement.trim_end().to_owned())
}

impl fmt::Display for ServerLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ServerLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
