//! A session: questions in simple queries, answers in text, every wait bounded.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use rotation::{Budget, TimedOut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::{CancelToken, Client, Connection, SimpleQueryMessage};

use crate::fault::{PostgresFault, Said};
use crate::server::reach::PATIENCE;
use crate::server::scrub::Scrub;
use crate::server::seen::Seen;
use crate::server::sql;
use crate::settings::SentAs;
use outbound::chain;

use crate::server::denial;

/// How long a good-bye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// An open session.
pub(crate) struct Session {
    client: Client,
    connection: JoinHandle<()>,
    server: String,
    /// What the login showed.
    seen: Arc<Seen>,
    /// The server's certificate was verified.
    verified: bool,
    /// A question went unanswered.
    silent: AtomicBool,
    /// Who and where we are: asked once.
    identity: OnceLock<Identity>,
}

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum Silence {
    /// The server refused it.
    Said(Said),
    /// The connection ended: whether the question was carried out is not known.
    Lost(PostgresFault),
    /// Time ran out: the same.
    TimedOut(TimedOut),
}

impl Silence {
    /// The cause, for a question that has no causes of its own.
    pub(crate) fn into_fault(self, server: String, doing: &'static str) -> PostgresFault {
        match self {
            Self::Said(said) if said.state.starts_with("57P") => {
                PostgresFault::ServerStarting { server, said }
            }
            Self::Said(said) => PostgresFault::ServerError { server, doing, said },
            Self::Lost(fault) => fault,
            Self::TimedOut(timed_out) => PostgresFault::ServerSilent(timed_out),
        }
    }
}

/// Several statements, of which one has no answer.
#[derive(Debug)]
pub(crate) struct Interrupted {
    /// How many were carried out before.
    pub(crate) done: usize,
    pub(crate) silence: Silence,
}

/// The last row of an answer, its columns as text; none for NULL.
pub(crate) type Row = Vec<Option<String>>;

/// What [`Session::identify`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The role that logged in, whatever it acts as.
    pub(crate) session_user: String,
    /// The server only follows another one.
    pub(crate) standby: bool,
    /// `server_version_num`, such as 150004.
    pub(crate) version: u32,
    /// Rounds for a new verifier; servers before 16 have no such setting.
    pub(crate) scram_iterations: Option<u32>,
    /// The process that answers.
    pub(crate) backend: u32,
}

impl Session {
    pub(crate) fn new<S, T>(
        client: Client,
        connection: Connection<S, T>,
        server: String,
        seen: Arc<Seen>,
        verified: bool,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Its errors reach the questions as a closed connection.
        let connection = tokio::spawn(async { drop(connection.await) });
        Self {
            client,
            connection,
            server,
            seen,
            verified,
            silent: AtomicBool::new(false),
            identity: OnceLock::new(),
        }
    }

    /// `host:port`.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// What the login showed of the server.
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Says so if the server stores an MD5 hash for `role`, and a rotation makes it a SCRAM verifier.
    pub(crate) fn warn_of_scram(&self, role: &str, sent_as: SentAs) {
        if self.seen.asked_for_md5() && sent_as == SentAs::Verifier {
            tracing::warn!(
                login.role = role,
                "{} stores an MD5 hash for {role:?}; a rotation stores a SCRAM-SHA-256 verifier, and a client without SCRAM cannot log in with that; for such clients set PASSWORD_SENT_AS=md5",
                self.server
            );
        }
    }

    /// Checks that this login shows whose password it was: the server asked for one, and is known by its certificate, or by SCRAM,
    /// which it cannot finish without knowing the password. Anybody on the network path says yes to everything.
    ///
    /// # Errors
    /// `ServerNotProven`.
    pub(crate) fn check_proof(&self, role: &str) -> Result<(), PostgresFault> {
        let detail = if !self.seen.asked_for_a_credential() {
            "it asked for no password"
        } else if self.verified || self.seen.is_mutual() {
            return Ok(());
        } else {
            "it asked for an MD5 hash over a connection without TLS"
        };
        Err(PostgresFault::LoginProvesNothing {
            server: self.server.clone(),
            role: role.to_owned(),
            detail,
        })
    }

    /// By which the server can be asked to give up what this session is doing.
    pub(crate) fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// Sends one simple query and waits at most `limit` for its end. The answer is the last row.
    ///
    /// # Errors
    /// [`Silence`]; after all but [`Silence::Said`] the session is of no more use.
    pub(crate) async fn ask(
        &self,
        query: &str,
        doing: &str,
        limit: Duration,
        budget: Budget,
        scrub: &Scrub<'_>,
    ) -> Result<Row, Silence> {
        let answer = self.ask_together(query, doing, limit, budget, scrub).await;
        let rows = answer.map_err(|interrupted| interrupted.silence)?;
        Ok(rows.into_iter().flatten().next_back().unwrap_or_default())
    }

    /// The same for several statements in one message. The answer is the last row of each. The server carries none out after one that
    /// it refuses.
    ///
    /// # Errors
    /// Those of [`Session::ask`], with the number of statements that were carried out before.
    pub(crate) async fn ask_together(
        &self,
        statements: &str,
        doing: &str,
        limit: Duration,
        budget: Budget,
        scrub: &Scrub<'_>,
    ) -> Result<Vec<Option<Row>>, Interrupted> {
        let waiting_for = format!("{doing} at {}", self.server);
        let mut rows = Vec::new();
        let answer = budget
            .wait(waiting_for, limit, self.last_rows(statements, &mut rows))
            .await;
        let silence = match answer {
            Ok(Ok(())) => return Ok(rows),
            Ok(Err(error)) => match error.as_db_error() {
                Some(answer) => Silence::Said(scrub.said(answer)),
                None => Silence::Lost(denial::lost(
                    self.server.clone(),
                    doing,
                    scrub.clean(&chain(&error)),
                )),
            },
            Err(timed_out) => {
                self.silent.store(true, Ordering::Relaxed);
                Silence::TimedOut(timed_out)
            }
        };
        Err(Interrupted {
            done: rows.len(),
            silence,
        })
    }

    /// The last row of each statement that is carried out. The others are dropped as they come, however many there are.
    async fn last_rows(&self, query: &str, rows: &mut Vec<Option<Row>>) -> Result<(), tokio_postgres::Error> {
        let mut messages = pin!(self.client.simple_query_raw(query).await?);
        let mut last = None;
        while let Some(message) = messages.try_next().await? {
            match message {
                SimpleQueryMessage::Row(row) => {
                    let columns = (0..row.len()).map(|column| row.get(column).map(str::to_owned));
                    last = Some(columns.collect());
                }
                SimpleQueryMessage::CommandComplete(_) => rows.push(last.take()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends a query that holds no credential and whose refusal has no causes of its own.
    ///
    /// # Errors
    /// Why there was no answer.
    pub(crate) async fn query(
        &self,
        query: &str,
        doing: &'static str,
        budget: Budget,
    ) -> Result<Row, PostgresFault> {
        let answer = self.ask(query, doing, PATIENCE, budget, &Scrub::new([])).await;
        answer.map_err(|silence| silence.into_fault(self.server.clone(), doing))
    }

    /// Asks who and where we are, once, and refuses a session of another role, and a standby.
    ///
    /// # Errors
    /// `SessionOfAnotherRole`, `ReadOnlyStandby`, or why there was no answer.
    pub(crate) async fn identify(&self, role: &str, budget: Budget) -> Result<Identity, PostgresFault> {
        let identity = match self.identity.get() {
            Some(identity) => identity.clone(),
            None => self.ask_identity(budget).await?,
        };
        if identity.session_user != role {
            let actual = identity.session_user;
            return Err(PostgresFault::SessionOfAnotherRole {
                server: self.server.clone(),
                role: role.to_owned(),
                actual,
            });
        }
        if identity.standby {
            return Err(PostgresFault::ReadOnlyStandby {
                server: self.server.clone(),
            });
        }
        Ok(identity)
    }

    async fn ask_identity(&self, budget: Budget) -> Result<Identity, PostgresFault> {
        let doing = "asking the server who and where we are";
        let row = self.query(sql::IDENTIFY, doing, budget).await?;
        let identity = Identity::read(&row).ok_or_else(|| PostgresFault::NotPostgres {
            server: self.server.clone(),
            detail: "it does not say who and where we are".to_owned(),
        })?;
        Ok(self.identity.get_or_init(|| identity).clone())
    }

    /// Says good-bye, so that the server's log has no broken connection, even if the function is frozen next.
    ///
    /// A server that left a question unanswered is not waited for, and the connection is cut: the driver would keep
    /// it open for the answer, and the server its locks on the role with it, for as long as the function lives.
    pub(crate) async fn close(self) {
        let silent = self.silent.load(Ordering::Relaxed);
        drop(self.client);
        let cut = self.connection.abort_handle();
        if silent || tokio::time::timeout(GOODBYE, self.connection).await.is_err() {
            cut.abort();
        }
    }
}

impl Identity {
    /// Reads the answer to [`sql::IDENTIFY`].
    fn read(row: &[Option<String>]) -> Option<Self> {
        let [
            Some(session_user),
            Some(recovery),
            Some(version),
            iterations,
            Some(backend),
        ] = row
        else {
            return None;
        };
        Some(Self {
            session_user: session_user.clone(),
            standby: recovery == "t",
            version: version.parse().ok()?,
            scram_iterations: iterations.as_ref().and_then(|count| count.parse().ok()),
            backend: backend.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: [Option<&str>; 5]) -> Row {
        columns.map(|column| column.map(str::to_owned)).to_vec()
    }

    #[test]
    fn an_identity_is_read_from_a_row() {
        let old = Identity::read(&row([Some("App"), Some("f"), Some("150004"), None, Some("4711")])).unwrap();
        assert_eq!(
            old,
            Identity {
                session_user: "App".to_owned(),
                standby: false,
                version: 150_004,
                scram_iterations: None,
                backend: 4711
            }
        );
        let new = Identity::read(&row([
            Some("app"),
            Some("t"),
            Some("180004"),
            Some("10000"),
            Some("1"),
        ]))
        .unwrap();
        assert!(new.standby && new.scram_iterations == Some(10_000));
    }

    #[test]
    fn an_answer_of_another_shape_is_no_identity() {
        assert_eq!(Identity::read(&[]), None);
        assert_eq!(
            Identity::read(&row([Some("app"), Some("f"), Some("fifteen"), None, Some("1")])),
            None
        );
        assert_eq!(
            Identity::read(&row([None, Some("f"), Some("150004"), None, Some("1")])),
            None
        );
    }
}
