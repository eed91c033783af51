//! The flags that the commands for many secrets have in common, and the question before they change anything.

use crate::exit::{Exit, Trouble};
use crate::words::{ask, print};

/// Whether to change something, whether to ask first, and how to report.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Consent {
    /// Show what would be changed, and end.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// One JSON document at the end.
    #[arg(long)]
    pub(super) json: bool,
}

impl Consent {
    /// Says what will happen, and goes on if the person agrees or `--yes` was given.
    pub(super) async fn given(&self, what: &str, question: &str) -> Result<(), Trouble> {
        print::progress(what);
        if self.yes || ask::typed(question, "yes").await? {
            return Ok(());
        }
        Err(Trouble {
            problem: "not confirmed".to_owned(),
            remedy: "nothing was changed".to_owned(),
            exit: Exit::Usage,
        })
    }
}
