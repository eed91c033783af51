//! From the options to the exit code.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use anstream::adapter::strip_str;
use jiff::Timestamp;
use terminal_size::{Height, Width, terminal_size_of};

use super::gather::{Found, Row, gather};
use super::options::Options;
use super::{page, report};
use crate::aws::Session;
use crate::exit::{Exit, Trouble};
use crate::words::{print, time};

/// Lists them.
pub(crate) async fn run(session: &Session, options: &Options) -> Result<Exit, Trouble> {
    // One question that came to nothing would change a secret's state, from one look to the next.
    let session = &session.patient();
    if let Some(seconds) = options.watch {
        return watch(session, options, Duration::from_secs(seconds.into())).await;
    }
    let mut options = options.clone();
    options.all |= options.html.is_some();
    let found = gather(session, &options).await?;
    match &options.html {
        Some(file) => write(file, &found, session)?,
        None => report::print(&found, &options, session.flags(), time::now()),
    }
    if found.rows.is_empty() {
        let region = &session.region;
        print::progress(&format!(
            "no secret of {region} fits: check --region, --profile and the filters"
        ));
    }
    let trouble = found.rows.iter().any(Row::needs_a_person);
    Ok(if trouble { Exit::Finding } else { Exit::Well })
}

/// The page, as a whole or not at all.
fn write(file: &Path, found: &Found, session: &Session) -> Result<(), Trouble> {
    let page = page::page(found, &session.region, session.flags(), time::now());
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
    let mut known = BTreeMap::new();
    loop {
        let found = gather(session, options).await;
        let now = time::now();
        match found {
            Err(trouble) if trouble.exit == Exit::NoCredentials => return Err(trouble),
            Err(trouble) => print::progress(&format!("{}: {}", time::moment(now), trouble.problem)),
            Ok(found) if io::stdout().is_terminal() => show(&found, session.flags(), now),
            Ok(found) => known = tell(&found.rows, &known, now),
        }
        tokio::time::sleep(pause).await;
    }
}

/// What fits into the window, in place of what was there.
fn show(found: &Found, flags: &[String], now: Timestamp) {
    let mut end: Vec<String> = found.not_looked_at().into_iter().collect();
    end.push(report::summary(&found.rows, flags));
    end.push(format!("{} UTC. Ctrl-C ends this.", time::moment(now)));
    let end = end.join("\n");
    let mut lines = report::table(&found.rows, now);
    if let Some((Width(width), Height(height))) = terminal_size_of(io::stdout()) {
        let tall = |line: &str| {
            strip_str(line)
                .to_string()
                .chars()
                .count()
                .div_ceil(width.max(1).into())
                .max(1)
        };
        // A line for the cursor, and one for the rest.
        let taken = end.lines().map(tall).sum::<usize>() + 2;
        let mut room = usize::from(height).saturating_sub(taken);
        let fits = |line: &&String| {
            let left = room.checked_sub(tall(line));
            room = left.unwrap_or_default();
            left.is_some()
        };
        let fit = lines.iter().take_while(fits).count();
        let rest = lines.split_off(fit).len();
        if rest > 0 {
            lines.push(format!("… {rest} more lines do not fit into the window"));
        }
    }
    // To the top left, and all that is in the window goes.
    print::answer(&format!("\x1b[H\x1b[2J{}\n{end}", lines.join("\n")));
}

/// A line for each change since the last look. Returns what is known now.
fn tell(rows: &[Row], known: &BTreeMap<String, String>, now: Timestamp) -> BTreeMap<String, String> {
    let now = time::moment(now);
    let states: BTreeMap<String, String> = rows
        .iter()
        .map(|row| (row.secret.name.clone(), report::state(row)))
        .collect();
    for row in rows {
        let name = &row.secret.name;
        if known.get(name) != states.get(name) {
            print::answer(&format!("{now}\t{}\t{name}", report::state(row)));
        }
    }
    for name in known.keys().filter(|name| !states.contains_key(*name)) {
        print::answer(&format!("{now}\tGONE\tnot in the list any more\t{name}"));
    }
    states
}
