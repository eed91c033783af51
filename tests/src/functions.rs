//! The very programs that are deployed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, io};

/// The programs could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// This program does not lie where cargo puts programs.
    #[error("the target directory cannot be told from where this program lies; run it with cargo")]
    Layout,
    /// cargo could not be run.
    #[error("cargo could not be run")]
    Cargo(#[from] io::Error),
    /// cargo failed, and has said why.
    #[error("cargo could not build the functions")]
    Failed,
}

/// The path of a function or program of this workspace, built like this very program, and only once. What lies in the directory
/// that `KEYWHEEL_PROGRAMS` names is taken instead: `make try-zips`.
///
/// # Panics
///
/// If it cannot be built, or if there is no such program.
pub fn function_path(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let instead = env::var_os("KEYWHEEL_PROGRAMS").map(|directory| Path::new(&directory).join(name));
    if let Some(path) = instead.filter(|path| path.is_file()) {
        return path;
    }
    let directory = DIRECTORY.get_or_init(|| build().unwrap_or_else(|error| panic!("{error}")));
    let path = directory.join(name);
    assert!(path.is_file(), "no program of the workspace is called {name}");
    path
}

/// Builds the programs into the target directory and profile of the one that is running, and returns where they are.
pub fn build() -> Result<PathBuf, BuildError> {
    let program = env::current_exe()?;
    let directory = profile_directory(&program).ok_or(BuildError::Layout)?;
    let (target, profile) = directory
        .parent()
        .zip(directory.file_name())
        .ok_or(BuildError::Layout)?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo told us about our own package would be taken for a change, and half of the workspace be built again.
    for (name, _) in env::vars_os().filter(|(name, _)| is_about_a_package(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    // The whole workspace, with what tests add if this is one: the features of the dependencies are then those that
    // this program was built with, and cargo has nothing to build twice.
    cargo.args(["build", "--quiet", "--locked", "--workspace", "--bins"]);
    if program.parent() != Some(directory) {
        cargo.arg("--tests");
    }
    cargo.arg("--target-dir").arg(target);
    let profile = if profile == "debug" {
        "dev".as_ref()
    } else {
        profile
    };
    cargo.arg("--profile").arg(profile);
    if cargo.status()?.success() {
        Ok(directory.to_owned())
    } else {
        Err(BuildError::Failed)
    }
}

/// `target/debug` of `target/debug/demo` and of `target/debug/deps/e2e-0123456789abcdef`.
fn profile_directory(program: &Path) -> Option<&Path> {
    let directory = program.parent()?;
    if directory.ends_with("deps") {
        directory.parent()
    } else {
        Some(directory)
    }
}

/// Whether this is an environment variable by which cargo describes a package to its build script or program.
fn is_about_a_package(name: &str) -> bool {
    let prefixes = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    prefixes.iter().any(|prefix| name.starts_with(prefix)) || name == "OUT_DIR"
}
