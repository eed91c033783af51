//! A share of a core, as a small Lambda function has it: a control group with a quota.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Anything;

/// Over which Linux counts, in microseconds. Lambda's own is not published.
const PERIOD: u32 = 20_000;

/// A control group; goes with this value.
pub(crate) struct Share {
    group: PathBuf,
    directory: tempfile::TempDir,
}

impl Share {
    /// A group that has `share` of a core.
    ///
    /// # Errors
    /// Where control groups are not allowed.
    pub(crate) fn new(share: f64) -> Anything<Self> {
        let name = format!("keywheel-bench-{}", std::process::id());
        let quota = format!("{:.0}", share * f64::from(PERIOD));
        let unified = Path::new("/sys/fs/cgroup");
        let (group, limits) = if unified.join("cgroup.controllers").exists() {
            let limit = ("cpu.max", format!("{quota} {PERIOD}"));
            (unified.join(name), vec![limit])
        } else {
            let period = ("cpu.cfs_period_us", PERIOD.to_string());
            (
                unified.join("cpu").join(name),
                vec![period, ("cpu.cfs_quota_us", quota)],
            )
        };
        fs::create_dir(&group).map_err(|error| format!("{}: {error}", group.display()))?;
        let made = Self {
            group,
            directory: tempfile::tempdir()?,
        };
        for (file, limit) in limits {
            let path = made.group.join(file);
            // An existing file only: in what is no control group this would make one.
            let file = fs::OpenOptions::new().write(true).open(&path);
            file.and_then(|mut file| file.write_all(limit.as_bytes()))
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(made)
    }

    /// A program that runs `program` in the group.
    pub(crate) fn around(&self, program: &Path) -> Anything<PathBuf> {
        let name = program.file_name().ok_or("a program has a name")?;
        let script = self.directory.path().join(name);
        let text = format!(
            "#!/bin/sh\necho $$ > '{}'\nexec '{}'\n",
            self.group.join("cgroup.procs").display(),
            program.display()
        );
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        Ok(script)
    }
}

/// The program to start: in the group, if there is one.
pub(crate) fn within(share: Option<&Share>, program: &Path) -> Anything<PathBuf> {
    match share {
        Some(share) => share.around(program),
        None => Ok(program.to_owned()),
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // It is empty once the function's process is gone.
        if let Err(error) = fs::remove_dir(&self.group) {
            println!("bench: {} stays: {error}", self.group.display());
        }
    }
}
