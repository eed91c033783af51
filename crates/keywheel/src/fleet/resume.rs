//! `keywheel resume`: switches rotation on again, with the functions and schedules that `pause` saved.

use std::path::PathBuf;

use super::consent::Consent;
use super::report::{Line, Report};
use super::saved::{Entry, Saved};
use crate::aws::{self, Session};
use crate::exit::{Exit, Trouble};
use crate::words::print;

/// Which file.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// The file that pause has saved.
    file: PathBuf,
    #[command(flatten)]
    consent: Consent,
}

/// Switches rotation on. Each secret gets a test rotation, which changes nothing, and its next window.
pub(crate) async fn resume(session: &Session, options: &Options) -> Result<Exit, Trouble> {
    let saved = Saved::read(&options.file)?;
    if saved.secrets.is_empty() {
        return Err(Trouble {
            problem: format!("{}: there is nothing in it", options.file.display()),
            remedy: "name the file that pause has saved".to_owned(),
            exit: Exit::Usage,
        });
    }
    let mut report = Report {
        verb: "resumed",
        ..Report::default()
    };
    let mut off = Vec::new();
    for entry in &saved.secrets {
        match still_off(session, entry).await? {
            Some(why) => report.left_out.push(line(entry, why)),
            None => off.push(entry),
        }
    }
    if options.consent.dry_run || off.is_empty() {
        report.verb = "would_resume";
        report.well = off.iter().map(|entry| line(entry, String::new())).collect();
        report.print(session, options.consent.json);
        return Ok(Exit::Well);
    }
    let what = format!(
        "Secrets whose rotation will be switched on: {}. Left out: {}.",
        off.len(),
        report.left_out.len()
    );
    options.consent.given(&what, "Switch it on?").await?;
    for entry in off {
        match aws::configure_rotation(session, &entry.arn, &entry.function, &entry.rules).await {
            Ok(()) => report.well.push(line(entry, String::new())),
            Err(error) => {
                let trouble = Trouble::of_call("RotateSecret", &error, "secretsmanager:RotateSecret");
                report.failed.push(line(entry, trouble.problem));
            }
        }
    }
    report.print(session, options.consent.json);
    print::progress(&format!(
        "Each got a test rotation. This shows one that fails: {}",
        session.keywheel(["status"])
    ));
    Ok(if report.failed.is_empty() {
        Exit::Well
    } else {
        Exit::Finding
    })
}

/// Why there is nothing to do, if there is not.
async fn still_off(session: &Session, entry: &Entry) -> Result<Option<String>, Trouble> {
    let secret = aws::describe(session, &entry.arn)
        .await
        .map_err(|error| Trouble::of_call("DescribeSecret", &error, "secretsmanager:DescribeSecret"))?;
    Ok(match secret {
        None => Some("is gone".to_owned()),
        Some(secret) if secret.deleted.is_some() => Some("marked for deletion".to_owned()),
        Some(secret) if secret.enabled == Some(true) => Some("is on already".to_owned()),
        Some(secret) if secret.pending().is_some() => {
            let doctor = session.names(&entry.name).doctor();
            Some(format!("an earlier rotation has not finished: {doctor}"))
        }
        Some(_) => None,
    })
}

fn line(entry: &Entry, why: impl Into<String>) -> Line {
    Line {
        name: entry.name.clone(),
        arn: entry.arn.clone(),
        why: why.into(),
    }
}
