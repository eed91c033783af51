//! From a TCP connection to a session: TLS, start-up, login. What a failed login means is judged in `denial`.

use rotation::Budget;
use rotation::password::Password;
use rotation::secrets::TlsMode;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_postgres::config::{Config, SslMode, SslNegotiation};
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect};
use tokio_postgres::{Client, Connection};

use crate::fault::{PostgresFault, Said};
use crate::server::cleartext_guard::Guard;
use crate::server::denial::{self, Denial};
use crate::server::endpoint::Endpoint;
use crate::server::reach::{self, PATIENCE};
use crate::server::scrub::Scrub;
use crate::server::session::Session;
use crate::server::tls::Tls;

/// What the server's statistics and logs show.
const APPLICATION: &str = "keywheel";

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
    };
    let waiting_for = format!("logging in at {} as {role:?}", endpoint.server());
    let answer = budget.wait(waiting_for, PATIENCE, login.over(stream)).await;
    answer.unwrap_or_else(|timed_out| Err(PostgresFault::ServerSilent(timed_out).into()))
}

struct Login<'a> {
    tls: &'a Tls,
    endpoint: &'a Endpoint,
    role: &'a str,
    password: &'a Password,
    /// Passwords that the server has heard of before.
    earlier: &'a [Password],
}

impl Login<'_> {
    async fn over<S>(&self, stream: S) -> Result<Session, Denial>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self.tls.connector(self.endpoint.tls) {
            None => self.start(Guard::watching(stream), NoTls).await,
            Some(mut connector) => {
                let stream = self.negotiate(stream).await?;
                let name = &self.endpoint.server_name;
                let connector = MakeTlsConnect::<Guard<S>>::make_tls_connect(&mut connector, name)
                    .unwrap_or_else(|never| match never {});
                self.start(Guard::open(stream), connector).await
            }
        }
    }

    /// Asks for TLS. The driver could, but would call every answer except yes a lack of TLS.
    async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) -> Result<S, PostgresFault> {
        let server = self.endpoint.server();
        let lost = |error: std::io::Error| denial::lost(server.clone(), "asking for TLS", error.to_string());
        stream.write_all(&SSL_REQUEST).await.map_err(lost)?;
        // One byte and no more: what follows belongs to TLS.
        match stream.read_u8().await.map_err(lost)? {
            b'S' => Ok(stream),
            b'N' => Err(PostgresFault::TlsNotOffered { server }),
            b'E' => Err(self.error_instead_of_tls(stream).await),
            other => {
                let detail = format!("it answered the request for TLS with byte 0x{other:02x}");
                Err(PostgresFault::NotPostgres { server, detail })
            }
        }
    }

    /// A server that cannot even start a process answers with an error at once. Nothing vouches for its words.
    async fn error_instead_of_tls<S: AsyncRead + Unpin>(&self, mut stream: S) -> PostgresFault {
        let mut words = [0; 256];
        let length = stream.read(&mut words).await.unwrap_or(0);
        let text = String::from_utf8_lossy(&words[..length]);
        let said = Said {
            state: "none".to_owned(),
            text: Scrub::new([]).clean(&text),
        };
        PostgresFault::ServerError {
            server: self.endpoint.server(),
            doing: "asking for TLS",
            said,
        }
    }

    async fn start<S, T>(&self, stream: S, tls: T) -> Result<Session, Denial>
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
        Ok(Session::new(client, connection, self.endpoint.server()))
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

#[cfg(test)]
mod tests;
