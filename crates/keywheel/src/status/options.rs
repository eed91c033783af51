//! What is asked for.

/// Which secrets, and how they are shown.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// Only secrets whose names begin so.
    #[arg(value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Only secrets with this tag.
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub(crate) tag: Option<String>,
    /// Only secrets of this function: its name or ARN.
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
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
