//! From the options to the exit code.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use super::gather::{Row, gather};
use super::options::Options;
use super::{page, report};
use crate::aws::Session;
use crate::exit::{Exit, Trouble};
use crate::words::{print, time};

/// Lists them.
pub(crate) async fn run(session: &Session, options: &Options) -> Result<Exit, Trouble> {
    if let Some(seconds) = options.watch {
        return watch(session, options, Duration::from_secs(seconds.into())).await;
    }
    let mut options = options.clone();
    options.all |= options.html.is_some();
    let rows = gather(session, &options).await?;
    match &options.html {
        Some(file) => write(file, &rows, session)?,
        None => report::print(&rows, &options, time::now()),
    }
    let trouble = rows.iter().any(|row| row.diagnosis.word.needs_a_person());
    Ok(if trouble { Exit::Finding } else { Exit::Well })
}

/// The page, as a whole or not at all.
fn write(file: &Path, rows: &[Row], session: &Session) -> Result<(), Trouble> {
    let page = page::page(rows, &session.region, time::now());
    let written = page.map_err(io::Error::other).and_then(|page| {
        let beside = file.with_extension("new");
        std::fs::write(&beside, page)?;
        std::fs::rename(&beside, file)
    });
    written.map_err(|error| {
        let problem = format!("{}: {error}", file.display());
        Trouble::new(problem, "name a file that can be written")
    })?;
    print::progress(&format!("written to {}", file.display()));
    Ok(())
}

/// Until Ctrl-C. A look that fails is told, and followed by the next.
async fn watch(session: &Session, options: &Options, pause: Duration) -> Result<Exit, Trouble> {
    let terminal = io::stdout().is_terminal();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    loop {
        match gather(session, options).await {
            Err(trouble) if trouble.exit == Exit::NoCredentials => return Err(trouble),
            Err(trouble) => print::progress(&format!("{}: {}", time::moment(time::now()), trouble.problem)),
            Ok(rows) if terminal => {
                // To the top left, and everything below goes.
                print::answer("\x1b[H\x1b[2J\x1b[3J");
                report::print(&rows, options, time::now());
                print::answer(&format!("{} UTC. Ctrl-C ends this.", time::moment(time::now())));
            }
            Ok(rows) => {
                for row in &rows {
                    let state = report::state(row);
                    if known.get(&row.secret.arn) != Some(&state) {
                        let now = time::moment(time::now());
                        print::answer(&format!("{now}\t{state}\t{}", row.secret.name));
                        known.insert(row.secret.arn.clone(), state);
                    }
                }
            }
        }
        tokio::time::sleep(pause).await;
    }
}
