//! The account that the server runs as: ours, or, as `PostgreSQL` refuses root, an unprivileged one.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use crate::tools::is_root;

/// Who the server's programs run as.
pub(super) struct Account {
    ids: Option<(u32, u32)>,
}

impl Account {
    /// Our own account, or `postgres` or `nobody` if we are root.
    pub(super) fn unprivileged() -> io::Result<Self> {
        if !is_root() {
            return Ok(Self { ids: None });
        }
        let accounts = fs::read_to_string("/etc/passwd")?;
        let ids = ["postgres", "nobody"]
            .iter()
            .find_map(|name| ids_of(name, &accounts));
        ids.map(|ids| Self { ids: Some(ids) }).ok_or_else(|| {
            io::Error::other(
                "PostgreSQL does not run as root, and there is neither a `postgres` nor a `nobody`",
            )
        })
    }

    /// `program`, to be run as this account, with an environment that does not depend on the caller's.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir("/").env("LC_ALL", "C").env("TZ", "UTC");
        for variable in [
            "PGDATA",
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGPASSWORD",
            "PGOPTIONS",
            "PGSERVICE",
        ] {
            command.env_remove(variable);
        }
        if let Some((user, group)) = self.ids {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes this account the owner of `path`.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        self.ids
            .map_or(Ok(()), |(user, group)| chown(path, Some(user), Some(group)))
    }
}

/// The user and group number of `name` in the text of `/etc/passwd`.
fn ids_of(name: &str, accounts: &str) -> Option<(u32, u32)> {
    let mut fields = accounts
        .lines()
        .map(|line| line.split(':'))
        .find(|fields| fields.clone().next() == Some(name))?;
    Some((fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?))
}
