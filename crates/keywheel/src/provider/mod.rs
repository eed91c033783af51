//! `keywheel provider`: checks the definition of a provider, and tries its calls against the real one.
//! Both by the code of rotate-api-key itself; a trial works on a copy of the secret, in memory.

mod calls;
mod check;
mod copy;
mod trial;
mod trial_report;

use std::path::PathBuf;

use crate::aws::Place;
use crate::exit::{Exit, Trouble};

/// What to do with a definition.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Checks definitions, as the function would read them: each problem with its line. Needs no network.
    #[command(after_help = crate::words::help::CHECK)]
    Check {
        /// TOML files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// One JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Tries each call against the real provider: makes a key, uses it, and revokes it again.
    #[command(after_help = crate::words::help::TRY)]
    Try(trial::Options),
}

/// Does it.
pub(crate) async fn run(command: Command, place: Place) -> Result<Exit, Trouble> {
    match command {
        Command::Check { files, json } => Ok(check::run(&files, json)),
        Command::Try(options) => Box::pin(trial::run(&options, &place)).await,
    }
}
