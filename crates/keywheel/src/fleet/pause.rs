//! `keywheel pause`: switches rotation off, and saves what is needed to switch it on again.
//!
//! The file is on disk before the first call. Killed in between, or run twice: the same command goes on, and what the file
//! has of a secret stays. `CancelRotateSecret` in the middle of a rotation can leave AWSPENDING behind, with the only password
//! that works, so that a secret with an unfinished rotation is left out, and one that began just then is looked for afterwards.

use std::path::PathBuf;

use super::choose::unfit;
use super::consent::Consent;
use super::filter::Filter;
use super::report::{Line, Report};
use super::saved::{Entry, Saved};
use crate::aws::{self, Session};
use crate::diagnosis::Secret;
use crate::exit::{Exit, Trouble};
use crate::words::print;

/// Which secrets, and where to save what they have.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    filter: Filter,
    /// Where functions and schedules are saved, for resume. A file of an earlier pause is added to.
    #[arg(long, value_name = "FILE")]
    save: PathBuf,
    #[command(flatten)]
    consent: Consent,
}

/// Switches rotation off.
pub(crate) async fn pause(session: &Session, options: &Options) -> Result<Exit, Trouble> {
    if options.filter.is_empty() {
        return Err(Trouble {
            problem: "which secrets?".to_owned(),
            remedy: "give a prefix, --tag or --function; '' is the prefix of all names".to_owned(),
            exit: Exit::Usage,
        });
    }
    let mut report = Report {
        verb: "paused",
        ..Report::default()
    };
    let listed = aws::list(session).await?;
    let mut chosen = Vec::new();
    for secret in listed {
        if secret.enabled != Some(true) || !options.filter.matches(&secret) {
            continue;
        }
        match unfit(&secret) {
            Some(why) => report.left_out.push(Line::of(&secret, why)),
            None => chosen.push(secret),
        }
    }
    if options.consent.dry_run || chosen.is_empty() {
        report.verb = "would_pause";
        report.well = chosen.iter().map(|secret| Line::of(secret, "")).collect();
        report.print(session, options.consent.json);
        return Ok(Exit::Well);
    }
    let what = format!(
        "Secrets whose rotation will be switched off: {}. Left out: {}.",
        chosen.len(),
        report.left_out.len()
    );
    options.consent.given(&what, "Switch it off?").await?;
    let mut saved = Saved::read(&options.save)?;
    for secret in &chosen {
        saved.add(entry(session, secret).await?);
    }
    saved.write(&options.save)?;
    for secret in &chosen {
        match switch_off(session, secret).await {
            Ok(None) => report.well.push(Line::of(secret, "")),
            Ok(Some(why)) | Err(why) => report.failed.push(Line::of(secret, why)),
        }
    }
    report.print(session, options.consent.json);
    let file = options.save.to_string_lossy();
    print::progress(&format!(
        "Switch it on again: {}",
        session.keywheel(["resume", &file])
    ));
    Ok(if report.failed.is_empty() {
        Exit::Well
    } else {
        Exit::Finding
    })
}

async fn entry(session: &Session, secret: &Secret) -> Result<Entry, Trouble> {
    let rules = aws::rotation_rules(session, &secret.arn).await;
    let rules =
        rules.map_err(|error| Trouble::of_call("DescribeSecret", &error, "secretsmanager:DescribeSecret"))?;
    Ok(Entry {
        arn: secret.arn.clone(),
        name: secret.name.clone(),
        function: secret.function.clone().unwrap_or_default(),
        rules,
    })
}

/// Why a person must look at it, if one must.
async fn switch_off(session: &Session, secret: &Secret) -> Result<Option<String>, String> {
    let described = |error| Trouble::of_call("DescribeSecret", &error, "").problem;
    // ListSecrets can be minutes old.
    let before = aws::describe(session, &secret.arn).await.map_err(described)?;
    let Some(before) = before else {
        return Err("is gone".to_owned());
    };
    if let Some(why) = unfit(&before) {
        return Err(format!("{why}; not paused"));
    }
    aws::cancel_rotation(session, &secret.arn)
        .await
        .map_err(|error| {
            Trouble::of_call("CancelRotateSecret", &error, "secretsmanager:CancelRotateSecret").problem
        })?;
    let after = aws::describe(session, &secret.arn).await.map_err(described)?;
    Ok(after.is_some_and(|after| after.pending().is_some()).then(|| {
        let doctor = session.names(&secret.name).doctor();
        format!("paused, and a rotation had begun in that moment: {doctor}")
    }))
}
