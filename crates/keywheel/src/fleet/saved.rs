//! The file that `pause` writes and `resume` reads: which secrets, and their functions and schedules as they were.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::aws::Rules;
use crate::exit::{Exit, Trouble};

/// All secrets that were paused into one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Saved {
    version: u8,
    pub(super) secrets: Vec<Entry>,
}

/// One secret. Nothing here is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) function: String,
    pub(super) rules: Rules,
}

impl Saved {
    /// What is in the file; nothing if there is none.
    pub(super) fn read(path: &Path) -> Result<Self, Trouble> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    version: 1,
                    secrets: Vec::new(),
                });
            }
            other => other.map_err(|error| trouble(path, &error.to_string()))?,
        };
        serde_json::from_str(&text)
            .ok()
            .filter(|saved: &Self| saved.version == 1)
            .ok_or_else(|| trouble(path, "it is no file that pause has written"))
    }

    /// Adds a secret. What the file has of it already stays: it is older, from before the first pause.
    pub(super) fn add(&mut self, entry: Entry) {
        if self.secrets.iter().all(|known| known.arn != entry.arn) {
            self.secrets.push(entry);
        }
    }

    /// Writes the file as a whole, or leaves it as it was.
    pub(super) fn write(&self, path: &Path) -> Result<(), Trouble> {
        let written = || {
            let beside = beside(path);
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&beside, path)?;
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(directory.unwrap_or_else(|| Path::new(".")))?.sync_all()
        };
        written().map_err(|error: io::Error| trouble(path, &error.to_string()))
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn trouble(path: &Path, problem: &str) -> Trouble {
    Trouble {
        problem: format!("{}: {problem}", path.display()),
        remedy: "name another file; nothing was changed".to_owned(),
        exit: Exit::Usage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(arn: &str, days: i64) -> Entry {
        Entry {
            arn: arn.to_owned(),
            name: "db".to_owned(),
            function: "f".to_owned(),
            rules: Rules {
                automatically_after_days: Some(days),
                ..Rules::default()
            },
        }
    }

    #[test]
    fn a_file_is_read_back_and_what_it_has_stays() {
        let path = std::env::temp_dir().join(format!("keywheel-pause-{}", std::process::id()));
        let mut saved = Saved::read(&path).unwrap();
        saved.add(entry("a", 3));
        saved.write(&path).unwrap();
        let mut again = Saved::read(&path).unwrap();
        assert_eq!(again, saved);
        again.add(entry("a", 99));
        again.add(entry("b", 7));
        assert_eq!(again.secrets, [entry("a", 3), entry("b", 7)]);
        std::fs::write(&path, "{}").unwrap();
        assert!(Saved::read(&path).is_err());
        std::fs::remove_file(&path).unwrap();
    }
}
