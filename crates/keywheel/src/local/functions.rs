//! Where the functions' programs are: beside this one, or in the target directory of the clone that one stands in.

use std::env;
use std::path::{Path, PathBuf};

/// The functions.
pub(super) const NAMES: [&str; 3] = [
    "rotate-postgres-single-user",
    "rotate-postgres-alternating-users",
    "rotate-api-key",
];

/// Those that are there.
pub(super) fn found() -> Vec<(&'static str, PathBuf)> {
    let own = env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let places: Vec<_> = beside
        .into_iter()
        .chain(["target/debug", "target/release"].map(PathBuf::from))
        .collect();
    let program = |name: &'static str| {
        let paths = places.iter().map(|place| place.join(name));
        let path = paths
            .filter(|path| path.is_file())
            .find_map(|path| path.canonicalize().ok());
        path.map(|path| (name, path))
    };
    NAMES.into_iter().filter_map(program).collect()
}
