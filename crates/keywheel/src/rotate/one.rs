//! One rotation among many: nothing of it is shown until it has ended.

use std::time::Duration;

use uuid::Uuid;

use super::ending::Ending;
use super::follow::Follow;
use super::report::{Out, Report};
use super::run::{refused, retry_within};
use super::secret::describe;
use crate::aws::{self, Rotated, Session};
use crate::diagnosis::Secret;
use crate::exit::Trouble;

/// How it ended, as far as it was followed.
pub(crate) enum Outcome {
    /// AWSCURRENT is on the new version.
    Rotated,
    /// It was not, and why.
    Failed(String),
    /// It goes on.
    LeftRunning,
}

/// Rotates a secret, and follows that for so long. `retry` is how long to wait for a retry after a failed step.
pub(crate) async fn one(
    session: &Session,
    before: &Secret,
    timeout: Duration,
    retry: Option<Duration>,
) -> Result<Outcome, Trouble> {
    let token = Uuid::new_v4().to_string();
    let names = session.names(&before.name);
    let begun = aws::rotate(session, &before.arn, &token, false).await;
    if begun.map_err(|error| refused(&error, before, names))? == Rotated::Unfinished {
        // It may be this very one: the answer to a first call was lost, and the SDK has sent it again.
        let now = describe(session, &before.arn).await?;
        if now.pending().is_none_or(|pending| pending.as_str() != token) {
            return Ok(Outcome::Failed("an earlier rotation has not finished".to_owned()));
        }
    }
    let report = Report {
        names,
        out: Out::Nothing,
    };
    let follow = Follow {
        session,
        before,
        version: &token,
        test: false,
        earlier: Vec::new(),
        retry_within: retry_within(session, before, retry).await,
        report: &report,
    };
    let Ok(ending) = tokio::time::timeout(timeout, follow.to_the_end()).await else {
        return Ok(Outcome::LeftRunning);
    };
    Ok(match ending? {
        Ending::Rotated(_) | Ending::Tested => Outcome::Rotated,
        Ending::Failed(code) => Outcome::Failed(code.unwrap_or_else(|| "a step failed".to_owned())),
        Ending::Silent(time) => Outcome::Failed(format!("no step was seen in {} s", time.as_secs())),
        Ending::TakenOver => Outcome::Failed("something took AWSPENDING off its version".to_owned()),
        Ending::Cancelled => Outcome::Failed("rotation was switched off meanwhile".to_owned()),
    })
}
