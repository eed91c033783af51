//! What is asked for.

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
    /// One JSON document.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Comma-separated values.
    #[arg(long)]
    pub(crate) csv: bool,
}
