//! `keywheel migrate`: which secrets AWS's rotation templates rotate, and what each needs before a Keywheel function can.
//! It only reads, and it reads no secret value. What a function is, is decided in `template`.

mod report;
mod template;

use std::collections::BTreeMap;

use super::choose::unfit;
use super::filter::Filter;
use crate::aws::{self, Session};
use crate::diagnosis::{Answer, Secret, Unasked};
use crate::exit::{Exit, Trouble};
use report::Group;

/// Which secrets, and how they are shown.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    filter: Filter,
    /// The ARN of the Keywheel function that is to rotate them, for the commands.
    #[arg(long, value_name = "ARN")]
    to: Option<String>,
    /// One JSON document.
    #[arg(long)]
    json: bool,
}

/// Lists them, by function.
pub(crate) async fn migrate(session: &Session, options: &Options) -> Result<Exit, Trouble> {
    let listed = aws::list(session).await?;
    let mut by_function: BTreeMap<String, Vec<Secret>> = BTreeMap::new();
    for secret in listed {
        if let Some(function) = secret.function.clone()
            && options.filter.matches(&secret)
        {
            by_function.entry(function).or_default().push(secret);
        }
    }
    let mut groups = Vec::new();
    let mut unknown = Vec::new();
    for (function, secrets) in by_function {
        match aws::deployed(session, &function).await {
            Answer::Said(Some(deployed)) => {
                if let Some(template) = template::recognise(&function, &deployed) {
                    let secrets = secrets
                        .iter()
                        .map(|secret| (secret.name.clone(), unfit(secret)))
                        .collect();
                    groups.push(Group {
                        function,
                        template,
                        secrets,
                    });
                }
            }
            Answer::Said(None) => unknown.push((function, "does not exist".to_owned())),
            Answer::NotAsked(Unasked::Needs(permission)) => {
                unknown.push((function, format!("not asked: needs {permission}")));
            }
            Answer::NotAsked(Unasked::Failed(problem)) => unknown.push((function, problem)),
            Answer::NotAsked(_) => {}
        }
    }
    report::print(session, &groups, &unknown, options.to.as_deref(), options.json);
    Ok(if groups.is_empty() {
        Exit::Well
    } else {
        Exit::Finding
    })
}
