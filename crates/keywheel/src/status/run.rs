//! From the options to the exit code.

use super::gather::gather;
use super::options::Options;
use super::report;
use crate::aws::Session;
use crate::exit::{Exit, Trouble};

/// Lists them.
pub(crate) async fn run(session: &Session, options: &Options) -> Result<Exit, Trouble> {
    let rows = gather(session, options).await?;
    let trouble = rows.iter().any(|row| row.diagnosis.word.needs_a_person());
    report::print(&rows, options, crate::words::time::now());
    Ok(if trouble { Exit::Finding } else { Exit::Well })
}
