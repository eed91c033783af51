//! TLS in front of a server that has none, as a load balancer ends it.

use std::io;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::proxy::acceptor;
use super::{Listener, local};
use crate::certificates::{Authority, SERVER_NAMES};

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
        let authority = Authority::new().map_err(io::Error::other)?;
        let certificate = authority.server(&SERVER_NAMES).map_err(io::Error::other)?;
        let acceptor = acceptor(&certificate)?;
        let listener = Listener::start(move |client| serve(client, upstream, acceptor.clone()))?;
        Ok(Self {
            listener,
            authority: authority.pem().to_owned(),
        })
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

async fn serve(client: TcpStream, upstream: u16, acceptor: TlsAcceptor) -> io::Result<()> {
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(local(upstream)).await?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .map(drop)
}
