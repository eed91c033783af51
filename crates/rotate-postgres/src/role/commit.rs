//! The end of a change: COMMIT, also where it waits for a synchronous standby that is gone.

use std::pin::pin;
use std::time::Duration;

use rotation::Budget;

use crate::fault::PostgresFault;
use crate::server::endpoint::Endpoint;
use crate::server::login;
use crate::server::scrub::Scrub;
use crate::server::session::{Session, Silence};
use crate::server::sql;
use crate::server::tls::Tls;

/// How long a commit may take before the server is asked to give up what it waits for. A commit waits for a synchronous standby
/// without end, and no time limit of the server's ends that.
const PATIENCE: Duration = Duration::from_secs(3);
/// How much longer the answer to the request to cancel is waited for.
const GRACE: Duration = Duration::from_secs(2);
const COMMITTING: &str = "committing the new password";
const LOOKING: &str = "looking for synchronous standbys";

/// Columns of a session that may not see more are null.
const STANDBYS: &str = "SELECT pg_catalog.current_setting('synchronous_standby_names'), \
     (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication AS r WHERE r.sync_state IS NULL OR r.sync_state IN ('sync', 'quorum'))";

/// A change that is committed.
#[derive(Debug)]
pub(crate) enum Committed {
    /// Wherever the server's own settings say.
    Safely,
    /// On this server alone: the standby, by `synchronous_standby_names`, did not answer. What was waiting has been cancelled.
    Here(PostgresFault),
}

/// Sends COMMIT, and a request to cancel if it hangs. A commit that is cancelled while it waits for a standby is done on this server
/// all the same, and its answer says so. Otherwise the session would keep its locks on the role until the standby is back.
///
/// # Errors
/// After an error it is not known whether it took effect.
pub(crate) async fn commit(
    session: &Session,
    endpoint: &Endpoint,
    tls: &Tls,
    budget: Budget,
    scrub: &Scrub<'_>,
) -> Result<Committed, PostgresFault> {
    let commit = session.ask(sql::COMMIT, COMMITTING, PATIENCE + GRACE, budget, scrub);
    let mut commit = pin!(commit);
    let fault = |silence: Silence| silence.into_fault(session.server().to_owned(), COMMITTING);
    if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut commit).await {
        return answer.map(|_| Committed::Safely).map_err(fault);
    }
    tracing::warn!(
        "the commit has no answer after {} s: it is cancelled",
        PATIENCE.as_secs()
    );
    login::cancel(tls, endpoint, session, budget).await;
    commit.await.map_err(fault)?;
    // No other wait of a commit ends well when it is cancelled.
    let row = session.query(STANDBYS, LOOKING, budget).await?;
    let names = row.into_iter().next().flatten().unwrap_or_default();
    if names.is_empty() {
        return Ok(Committed::Safely);
    }
    let server = session.server().to_owned();
    Ok(Committed::Here(PostgresFault::StandbyMissing { server, names }))
}

/// Whether a commit would wait for a standby that is gone, as far as this session may see.
///
/// # Errors
/// `StandbyMissing`.
pub(crate) async fn check_standby(session: &Session, budget: Budget) -> Result<(), PostgresFault> {
    let row = session.query(STANDBYS, LOOKING, budget).await?;
    match row.as_slice() {
        [Some(names), Some(standbys)] if !names.is_empty() && standbys == "0" => {
            Err(PostgresFault::StandbyMissing {
                server: session.server().to_owned(),
                names: names.clone(),
            })
        }
        _ => Ok(()),
    }
}
