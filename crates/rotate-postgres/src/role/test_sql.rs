//! The operator's own test of a login: a statement of the function's configuration, never of the secret.

use std::time::Duration;

use rotation::Budget;
use rotation::password::Password;
use secrecy::ExposeSecret;

use crate::fault::PostgresFault;
use crate::server::scrub::Scrub;
use crate::server::session::{Session, Silence};

/// Longest time that the server may work on it.
const STATEMENT: Duration = Duration::from_secs(10);
/// How much longer than the server we wait.
const GRACE: Duration = Duration::from_secs(1);
/// What it is called in errors.
const DOING: &str = "running TEST_SQL";

/// Runs `statement` in a read-only transaction, and undoes it. `told` are the passwords that the server may repeat.
///
/// # Errors
/// `TestSqlFailed` if the server refuses it, or if the first column of its last row is false; `ConnectionLost`, `ServerSilent`.
pub(crate) async fn run(
    session: &Session,
    statement: &str,
    role: &str,
    told: &[&Password],
    budget: Budget,
) -> Result<(), PostgresFault> {
    let limit = STATEMENT
        .min(budget.remaining() / 2)
        .max(Duration::from_millis(2));
    let scrub = Scrub::new(told.iter().map(|&password| password as &dyn ExposeSecret<str>));
    let begin = format!(
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; BEGIN READ ONLY; SET LOCAL statement_timeout = {}",
        limit.as_millis()
    );
    let mut outcome = Ok(());
    for query in [begin.as_str(), statement, "ROLLBACK"] {
        let answer = session.ask(query, DOING, limit + GRACE, budget, &scrub).await;
        match answer {
            Ok(row)
                if query == statement && row.first().is_some_and(|column| column.as_deref() == Some("f")) =>
            {
                outcome = Err(PostgresFault::TestSqlFailed {
                    role: role.to_owned(),
                    problem: "its answer is false".to_owned(),
                });
            }
            Ok(_) => {}
            Err(Silence::Said(said)) => {
                return Err(PostgresFault::TestSqlFailed {
                    role: role.to_owned(),
                    problem: said.to_string(),
                });
            }
            Err(silence) => return Err(silence.into_fault(session.server().to_owned(), DOING)),
        }
    }
    outcome
}
