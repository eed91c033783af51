//! A program under callgrind, which says after each invocation how many instructions that took.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Anything;
use super::profile::Profile;

/// Goes with this value.
pub(super) struct Callgrind {
    directory: tempfile::TempDir,
    program: PathBuf,
    /// The process that was asked last, and its dumps so far.
    last: Cell<(u32, u32)>,
}

impl Callgrind {
    /// What runs `program` under callgrind, by the function's name.
    pub(super) fn around(program: &Path, name: &str) -> Anything<Self> {
        let directory = tempfile::tempdir()?;
        let here = directory.path().display();
        let script = directory.path().join(name);
        // The shell becomes valgrind, and valgrind the program: the number of the process stays.
        let text = format!(
            "#!/bin/sh\necho $$ >'{here}/pid'\nexec valgrind --quiet --tool=callgrind --vgdb-prefix='{here}/vgdb' --callgrind-out-file='{here}/%p' '{}'\n",
            program.display()
        );
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        Ok(Self {
            directory,
            program: script,
            last: Cell::default(),
        })
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// The instructions of the process since it was last asked, added to `profile`.
    pub(super) fn counted(&self, profile: &mut Profile) -> Anything<u64> {
        let here = self.directory.path();
        let pid: u32 = fs::read_to_string(here.join("pid"))?.trim().parse()?;
        let (last, dumps) = self.last.get();
        let dumps = if last == pid { dumps + 1 } else { 1 };
        let asked = Command::new("vgdb")
            .arg(format!("--vgdb-prefix={}", here.join("vgdb").display()))
            .arg(format!("--pid={pid}"))
            .args(["dump", "step"])
            .output()
            .map_err(|error| format!("vgdb, of valgrind: {error}"))?;
        if !asked.status.success() {
            return Err(format!("vgdb: {}", String::from_utf8_lossy(&asked.stderr)).into());
        }
        self.last.set((pid, dumps));
        let dump = here.join(format!("{pid}.{dumps}"));
        let text = fs::read(&dump).map_err(|error| format!("{}: {error}", dump.display()))?;
        fs::remove_file(&dump)?;
        profile.add(&String::from_utf8_lossy(&text))
    }
}
