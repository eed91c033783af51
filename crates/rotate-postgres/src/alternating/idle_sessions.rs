//! The sessions that the idle role still has: counted before it is reset, reported or waited for.

use std::time::Duration;

use postgres_protocol::escape::escape_literal;
use rotation::{Budget, Cause};
use tokio::time::Instant;

use super::fault::AlternatingFault;
use super::users::unreadable;
use crate::server::session::Session;
use crate::settings::IdleSessions;

/// Between two counts.
const PAUSE: Duration = Duration::from_millis(250);
/// Left for the change itself.
const RESERVE: Duration = Duration::from_secs(4);
const DOING: &str = "counting the idle role's sessions";

/// Counts, and waits if asked to.
///
/// # Errors
/// `SessionsOpen` if it is to refuse; why there was no answer.
pub(crate) async fn wait_for_end(
    session: &Session,
    role: &str,
    wish: IdleSessions,
    budget: Budget,
) -> Result<(), Cause> {
    let limit = match wish {
        IdleSessions::Report => Duration::ZERO,
        IdleSessions::Wait(limit) | IdleSessions::Refuse(limit) => {
            limit.min(budget.remaining().saturating_sub(RESERVE))
        }
    };
    let begin = Instant::now();
    let mut open = count(session, role, budget).await?;
    while open > 0 && begin.elapsed() < limit {
        tokio::time::sleep(PAUSE.min(limit.saturating_sub(begin.elapsed()))).await;
        open = count(session, role, budget).await?;
    }
    if open > 0 {
        if matches!(wish, IdleSessions::Refuse(_)) {
            return Err(refusal(session, role, open, limit).into());
        }
        tracing::warn!(
            role = role,
            sessions.open = open,
            "role {role:?} still has {open} open sessions; they go on, but cannot log in again with the password of the rotation before last"
        );
    }
    Ok(())
}

fn refusal(session: &Session, role: &str, sessions: u64, limit: Duration) -> AlternatingFault {
    AlternatingFault::SessionsOpen {
        server: session.server().to_owned(),
        role: role.to_owned(),
        sessions,
        waited: limit,
    }
}

/// `usename` is shown to everybody, unlike what a session does. This runs outside of the transaction that closes the
/// `search_path`: the operator has its full name, or it could be one of the application's own, with the admin's rights.
async fn count(session: &Session, role: &str, budget: Budget) -> Result<u64, Cause> {
    let query = format!(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity \
         WHERE usename OPERATOR(pg_catalog.=) {}",
        escape_literal(role).trim_start()
    );
    let row = session.query(&query, DOING, budget).await?;
    let count = row.first().and_then(|count| count.as_deref()?.parse().ok());
    count.ok_or_else(|| unreadable(session.server()).into())
}
