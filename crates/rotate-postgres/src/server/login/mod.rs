//! From a TCP connection to a session: TLS, start-up, login. What a failed login means is judged in `denial`.

mod direct_tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rotation::Budget;
use rotation::password::Password;
use rotation::secrets::TlsMode;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::config::{Config, SslMode, SslNegotiation};
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect};
use tokio_postgres::{Client, Connection};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::fault::{PostgresFault, Said};
use crate::server::cleartext_guard::Guard;
use crate::server::denial::{self, Denial};
use crate::server::endpoint::Endpoint;
use crate::server::reach::{self, PATIENCE};
use crate::server::scrub::Scrub;
use crate::server::seen::Seen;
use crate::server::session::Session;
use crate::server::tls::Tls;
use crate::server::watched_tls::{Shaken, WatchedTls};

/// What the server's statistics and logs show.
const APPLICATION: &str = "keywheel";

/// Longest time for a request to cancel.
const CANCEL: Duration = Duration::from_secs(1);

/// `SSLRequest`: the length, and the code 80877103 (PostgreSQL, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Opens a session as `role`.
///
/// # Errors
/// [`Denial::Refused`] if the server looked at the credential and refused it, [`Denial::Failed`] for all else.
pub(crate) async fn log_in(
    tls: &Tls,
    endpoint: &Endpoint,
    role: &str,
    password: &Password,
    budget: Budget,
) -> Result<Session, Denial> {
    log_in_after(tls, endpoint, role, password, &[], budget).await
}

/// The same after logins with other passwords of the role, which the server may repeat.
pub(crate) async fn log_in_after(
    tls: &Tls,
    endpoint: &Endpoint,
    role: &str,
    password: &Password,
    earlier: &[Password],
    budget: Budget,
) -> Result<Session, Denial> {
    let answer = reach_and_log_in(tls, endpoint, role, password, earlier, budget).await;
    answer.map_err(|denial| match denial {
        Denial::Failed(fault) if endpoint.may_be_paused() => fault.of_what_may_resume().into(),
        denial => denial,
    })
}

async fn reach_and_log_in(
    tls: &Tls,
    endpoint: &Endpoint,
    role: &str,
    password: &Password,
    earlier: &[Password],
    budget: Budget,
) -> Result<Session, Denial> {
    let stream = reach::reach(endpoint, budget).await?;
    let login = Login {
        tls,
        endpoint,
        role,
        password,
        earlier,
        answered: AtomicBool::new(false),
    };
    let waiting_for = format!("logging in at {} as {role:?}", endpoint.server());
    let answer = budget.wait(waiting_for, PATIENCE, login.over(stream)).await;
    let answer = answer.unwrap_or_else(|timed_out| Err(PostgresFault::ServerSilent(timed_out).into()));
    match answer {
        Err(Denial::Failed(fault)) if !login.answered.load(Ordering::Relaxed) => {
            Err(direct_tls::explain(fault, tls, endpoint, budget).await.into())
        }
        answer => answer,
    }
}

struct Login<'a> {
    tls: &'a Tls,
    endpoint: &'a Endpoint,
    role: &'a str,
    password: &'a Password,
    /// Passwords that the server has heard of before.
    earlier: &'a [Password],
    /// The server has answered PostgreSQL's request for TLS as PostgreSQL does.
    answered: AtomicBool,
}

impl Login<'_> {
    async fn over<S>(&self, stream: S) -> Result<Session, Denial>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let seen = Arc::<Seen>::default();
        match self.tls.connector(self.endpoint.tls) {
            None => {
                let stream = Guard::watching(stream, Arc::clone(&seen));
                self.start(stream, NoTls, seen).await
            }
            Some(connector) => {
                let stream = negotiate(self.endpoint, stream).await?;
                self.answered.store(true, Ordering::Relaxed);
                let connector = watched::<S>(connector, self.endpoint, &seen);
                self.start(Guard::open(stream), connector, seen).await
            }
        }
    }

    async fn over_line(&self, line: Line) -> Result<Session, Denial> {
        match line {
            Line::Plain(stream, seen) => self.start(*stream, NoTls, seen).await,
            Line::Tls(stream, seen) => self.start(*stream, Shaken, seen).await,
        }
    }

    async fn start<S, T>(&self, stream: S, tls: T, seen: Arc<Seen>) -> Result<Session, Denial>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: TlsConnect<S>,
        T::Stream: Send + 'static,
    {
        let heard = self.earlier.iter().chain([self.password]);
        let scrub = Scrub::new(heard.map(|password| password as &dyn ExposeSecret<str>));
        let (client, connection): (Client, Connection<S, T::Stream>) = self
            .config()
            .connect_raw(stream, tls)
            .await
            .map_err(|error| denial::judge(&error, self.endpoint, self.role, &scrub))?;
        let asked = seen.asked_for_a_credential();
        let verified = self.endpoint.tls != TlsMode::Disable;
        let session = Session::new(client, connection, self.endpoint.server(), seen, verified);
        if asked || self.endpoint.allowed.no_password {
            return Ok(session);
        }
        session.close().await;
        Err(PostgresFault::PasswordNotAsked {
            server: self.endpoint.server(),
            role: self.role.to_owned(),
        }
        .into())
    }

    #[expect(clippy::disallowed_methods, reason = "the password is for the login")]
    fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .user(self.role)
            .password(self.password.expose_secret())
            .dbname(&self.endpoint.dbname)
            .application_name(APPLICATION)
            .ssl_mode(match self.endpoint.tls {
                TlsMode::Disable => SslMode::Disable,
                TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
            })
            // The request for TLS was answered in `negotiate`.
            .ssl_negotiation(SslNegotiation::Direct);
        config
    }
}

/// What TLS is made with, and watched with.
type Connector<S> = WatchedTls<<MakeRustlsConnect as MakeTlsConnect<Guard<S>>>::TlsConnect>;

fn watched<S>(mut connector: MakeRustlsConnect, endpoint: &Endpoint, seen: &Arc<Seen>) -> Connector<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let name = &endpoint.server_name;
    let connector = MakeTlsConnect::<Guard<S>>::make_tls_connect(&mut connector, name)
        .unwrap_or_else(|never| match never {});
    WatchedTls {
        connector,
        seen: Arc::clone(seen),
    }
}

/// A connection, with TLS where the endpoint asks for it, on which nobody has logged in yet. Everything is checked that a login checks
/// before it names its role.
pub(crate) enum Line {
    Plain(Box<Guard<TcpStream>>, Arc<Seen>),
    Tls(
        Box<<Connector<TcpStream> as TlsConnect<Guard<TcpStream>>>::Stream>,
        Arc<Seen>,
    ),
}

/// Prepares a connection for a login that comes in a moment. None if that fails: then the login makes its own, and says what is wrong.
pub(crate) async fn prepare(tls: &Tls, endpoint: &Endpoint, budget: Budget) -> Option<Line> {
    let line = async {
        let stream = reach::reach(endpoint, budget).await.ok()?;
        let seen = Arc::<Seen>::default();
        let Some(connector) = tls.connector(endpoint.tls) else {
            let stream = Guard::watching(stream, Arc::clone(&seen));
            return Some(Line::Plain(Box::new(stream), seen));
        };
        let stream = negotiate(endpoint, stream).await.ok()?;
        let connector = watched::<TcpStream>(connector, endpoint, &seen);
        let stream = connector.connect(Guard::open(stream)).await.ok()?;
        Some(Line::Tls(Box::new(stream), seen))
    };
    tokio::time::timeout(PATIENCE, line).await.ok().flatten()
}

/// Opens a session as `role` over a connection that was prepared for it.
///
/// # Errors
/// Those of [`log_in`].
pub(crate) async fn log_in_over(
    line: Option<Line>,
    tls: &Tls,
    endpoint: &Endpoint,
    role: &str,
    password: &Password,
    budget: Budget,
) -> Result<Session, Denial> {
    let Some(line) = line else {
        return log_in(tls, endpoint, role, password, budget).await;
    };
    let login = Login {
        tls,
        endpoint,
        role,
        password,
        earlier: &[],
        answered: AtomicBool::new(true),
    };
    let waiting_for = format!("logging in at {} as {role:?}", endpoint.server());
    let answer = budget.wait(waiting_for, PATIENCE, login.over_line(line)).await;
    match answer {
        Ok(Ok(session)) => Ok(session),
        // The server has given the connection up: it had not been used for anything.
        Ok(Err(Denial::Failed(PostgresFault::ConnectionLost { .. }))) => {
            log_in(tls, endpoint, role, password, budget).await
        }
        Ok(Err(denial)) => Err(denial),
        Err(timed_out) => Err(PostgresFault::ServerSilent(timed_out).into()),
    }
}

/// Asks for TLS. The driver could, but would call every answer except yes a lack of TLS.
async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
    endpoint: &Endpoint,
    mut stream: S,
) -> Result<S, PostgresFault> {
    let server = endpoint.server();
    let lost = |error: std::io::Error| denial::lost(server.clone(), "asking for TLS", error.to_string());
    stream.write_all(&SSL_REQUEST).await.map_err(lost)?;
    // One byte and no more: what follows belongs to TLS.
    match stream.read_u8().await.map_err(lost)? {
        b'S' => Ok(stream),
        b'N' => Err(PostgresFault::TlsNotOffered { server }),
        b'E' => Err(error_instead_of_tls(endpoint, stream).await),
        other => {
            let detail = format!("it answered the request for TLS with byte 0x{other:02x}");
            Err(PostgresFault::NotPostgres { server, detail })
        }
    }
}

/// A server that cannot even start a process answers with an error at once. Nothing vouches for its words.
async fn error_instead_of_tls<S: AsyncRead + Unpin>(endpoint: &Endpoint, mut stream: S) -> PostgresFault {
    let mut words = [0; 256];
    let length = stream.read(&mut words).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&words[..length]);
    let said = Said::plain("none", &Scrub::new([]).clean(&text));
    PostgresFault::ServerError {
        server: endpoint.server(),
        doing: "asking for TLS",
        said,
    }
}

/// Asks the server to give up what a session is doing, over a connection of its own. The server answers nothing, and a session
/// that is done is not disturbed.
pub(crate) async fn cancel(tls: &Tls, endpoint: &Endpoint, session: &Session, budget: Budget) {
    let ask = async {
        let stream = reach::reach(endpoint, budget).await.ok()?;
        cancel_over(stream, tls, endpoint, session).await
    };
    if !matches!(tokio::time::timeout(CANCEL, ask).await, Ok(Some(()))) {
        tracing::warn!("the request to cancel did not reach {}", endpoint.server());
    }
}

async fn cancel_over<S>(stream: S, tls: &Tls, endpoint: &Endpoint, session: &Session) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let token = session.cancel_token();
    match tls.connector(endpoint.tls) {
        None => token.cancel_query_raw(stream, NoTls).await.ok(),
        Some(mut connector) => {
            let stream = negotiate(endpoint, stream).await.ok()?;
            let name = &endpoint.server_name;
            let connector = MakeTlsConnect::<S>::make_tls_connect(&mut connector, name)
                .unwrap_or_else(|never| match never {});
            token.cancel_query_raw(stream, connector).await.ok()
        }
    }
}

#[cfg(test)]
mod tests;
