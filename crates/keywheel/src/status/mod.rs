//! `keywheel status`: all secrets of an account and region, those that need a person first.

mod gather;
mod report;

use crate::aws::Session;
use crate::exit::{Exit, Trouble};

use gather::gather;

/// Which secrets, and how they are shown.
#[derive(Debug, Clone, Default, clap::Args)]
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

/// Lists them.
pub(crate) async fn run(session: &Session, options: &Options) -> Result<Exit, Trouble> {
    let rows = gather(session, options).await?;
    let trouble = rows.iter().any(|row| row.diagnosis.word.needs_a_person());
    report::print(&rows, options, crate::time::now());
    Ok(if trouble { Exit::Finding } else { Exit::Well })
}
