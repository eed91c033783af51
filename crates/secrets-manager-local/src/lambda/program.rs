//! Where a program is, and the directory that it runs in.

use std::io;
use std::path::{Path, PathBuf};

/// The program and its own directory, as `/var/task` in Lambda. A bare name is looked up in PATH.
pub(super) fn locate(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    if is_bare(path) && !path.exists() {
        return Ok((path.to_owned(), std::env::current_dir()?));
    }
    let path = std::path::absolute(path)?;
    let directory = path.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    Ok((path, directory))
}

/// Whether there is such a file, here or, for a bare name, in PATH.
pub(super) fn is_found(path: &Path) -> bool {
    if path.is_file() {
        return true;
    }
    let directories = std::env::var_os("PATH").unwrap_or_default();
    is_bare(path) && std::env::split_paths(&directories).any(|directory| directory.join(path).is_file())
}

fn is_bare(path: &Path) -> bool {
    path.components().count() == 1
}
