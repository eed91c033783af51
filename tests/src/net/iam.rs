//! A door that lets a role in by a token, as RDS does with IAM database authentication, and passes everybody else on.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::proxy::acceptor;
use super::{Listener, local, wire};
use crate::calls::note_login;
use crate::certificates::ServerCertificate;

/// `AuthenticationCleartextPassword`: what RDS asks a role of `rds_iam` for.
const CLEARTEXT: [u8; 4] = [0, 0, 0, 3];

/// Somebody who knocked as the role.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Whether the connection was encrypted.
    pub tls: bool,
    /// What was offered as the password.
    pub token: String,
}

/// Judges a token.
type Judge = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Stands in front of a server that trusts the role (a member of `Group::Trust`). Ends TLS.
pub struct Door {
    listener: Listener,
    visits: Arc<Mutex<Vec<Visit>>>,
}

struct Plan {
    upstream: u16,
    role: String,
    acceptor: TlsAcceptor,
    judge: Judge,
    visits: Arc<Mutex<Vec<Visit>>>,
}

impl Door {
    /// A door to the server on port `upstream` that lets `role` in if `judge` likes its token.
    pub fn start(
        upstream: u16,
        role: &str,
        certificate: &ServerCertificate,
        judge: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let visits = Arc::default();
        let plan = Arc::new(Plan {
            upstream,
            role: role.to_owned(),
            acceptor: acceptor(certificate)?,
            judge: Arc::new(judge),
            visits: Arc::clone(&visits),
        });
        let listener = Listener::start(move |stream| serve(stream, Arc::clone(&plan)))?;
        Ok(Self { listener, visits })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Who came as the role.
    pub fn visits(&self) -> Vec<Visit> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut client: TcpStream, plan: Arc<Plan>) -> io::Result<()> {
    loop {
        match wire::read_first(&mut client).await? {
            wire::First::TlsRequest => {
                client.write_all(b"S").await?;
                let mut client = plan.acceptor.accept(client).await?;
                let startup = wire::refuse_encryption(&mut client).await?;
                return admit(client, startup, true, &plan).await;
            }
            wire::First::GssRequest => client.write_all(b"N").await?,
            wire::First::Startup(startup) => return admit(client, startup, false, &plan).await,
        }
    }
}

async fn admit(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    startup: Vec<u8>,
    tls: bool,
    plan: &Plan,
) -> io::Result<()> {
    if user(&startup) == Some(plan.role.as_bytes()) {
        client.write_all(&wire::message(b'R', &CLEARTEXT)).await?;
        let (_, offered) = wire::read_message(&mut client).await?;
        let token = String::from_utf8_lossy(&offered)
            .trim_end_matches('\0')
            .to_owned();
        let liked = tokio::task::block_in_place(|| (plan.judge)(&token));
        if liked {
            note_login(&token);
        }
        let visit = Visit { tls, token };
        plan.visits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(visit);
        if !liked {
            let words = format!("PAM authentication failed for user \"{}\"", plan.role);
            client.write_all(&wire::fatal("28000", &words)).await?;
            return client.shutdown().await;
        }
    }
    let mut server = TcpStream::connect(local(plan.upstream)).await?;
    server.set_nodelay(true)?;
    server.write_all(&startup).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .map(drop)
}

/// The user of a startup packet: length, version, then names and values, each ended by a zero.
fn user(startup: &[u8]) -> Option<&[u8]> {
    let mut words = startup.get(8..)?.split(|byte| *byte == 0);
    loop {
        let (name, value) = (words.next()?, words.next()?);
        if name == b"user" {
            return Some(value);
        }
    }
}
