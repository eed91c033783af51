//! What is asked for.

use std::path::PathBuf;

use crate::fleet::Filter;

/// Which secrets, and how they are shown.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Only those that need a person.
    #[arg(long)]
    pub(crate) trouble: bool,
    /// Also secrets without rotation.
    #[arg(long)]
    pub(crate) all: bool,
    /// Write a page for a browser into this file. All secrets are on it. Nothing it needs is elsewhere.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "csv", "trouble", "watch"])]
    pub(crate) html: Option<PathBuf>,
    /// Look again every so many seconds, until Ctrl-C. Off a terminal: a line for each change.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "30",
        value_parser = clap::value_parser!(u16).range(1..), conflicts_with_all = ["json", "csv"])]
    pub(crate) watch: Option<u16>,
    /// One JSON document.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Comma-separated values.
    #[arg(long)]
    pub(crate) csv: bool,
}
