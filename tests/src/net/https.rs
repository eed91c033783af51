//! TLS in front of a server that has none, as a load balancer ends it.

use std::io;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::proxy::acceptor;
use super::{Listener, local};
use crate::certificates::{Authority, SERVER_NAMES};

/// What it does with a client that does not begin with TLS, as one that asks for TLS in PostgreSQL's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// An alert, as TLS has it.
    Alert,
    /// The end of the connection, without a word.
    HangUp,
    /// Nothing: it waits for the rest of a handshake.
    Wait,
}

/// Ends TLS with a certificate for `localhost`, of an authority of its own, and passes everything on in plain.
pub struct Https {
    listener: Listener,
    authority: String,
}

impl Https {
    /// Stands in front of the server on port `upstream` of 127.0.0.1.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn start(upstream: u16) -> io::Result<Self> {
        Self::start_and(upstream, Otherwise::Alert)
    }

    /// The same with manners of its own.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn start_and(upstream: u16, otherwise: Otherwise) -> io::Result<Self> {
        let authority = Authority::new().map_err(io::Error::other)?;
        let certificate = authority.server(&SERVER_NAMES).map_err(io::Error::other)?;
        let acceptor = acceptor(&certificate)?;
        let listener = Listener::start(move |client| serve(client, upstream, acceptor.clone(), otherwise))?;
        Ok(Self {
            listener,
            authority: authority.pem().to_owned(),
        })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.listener.port())
    }

    /// The certificate of its authority, PEM: what a client is given to trust.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// The first byte of a handshake's record.
const HANDSHAKE: u8 = 0x16;

async fn serve(
    client: TcpStream,
    upstream: u16,
    acceptor: TlsAcceptor,
    otherwise: Otherwise,
) -> io::Result<()> {
    let mut first = [0];
    client.peek(&mut first).await?;
    match otherwise {
        Otherwise::HangUp if first[0] != HANDSHAKE => return Ok(()),
        Otherwise::Wait if first[0] != HANDSHAKE => std::future::pending().await,
        _ => {}
    }
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(local(upstream)).await?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .map(drop)
}
