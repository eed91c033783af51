//! A man in the middle whom the client's roots vouch for: TLS to both sides, and everything passed on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::proxy::acceptor;
use super::{Listener, local, wire};
use crate::certificates::ServerCertificate;

/// Ends TLS with a certificate of its own, and begins it again to the server. Only channel binding notices.
pub struct Interceptor {
    listener: Listener,
    passed_on: Arc<AtomicUsize>,
}

impl Interceptor {
    /// Stands in front of the server on port `upstream`, whose certificate `authority` has signed.
    pub fn start(upstream: u16, authority: &str, certificate: &ServerCertificate) -> io::Result<Self> {
        let (acceptor, connector) = (acceptor(certificate)?, connector(authority)?);
        let passed_on = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&passed_on);
        let listener = Listener::start(move |stream| {
            serve(
                stream,
                upstream,
                acceptor.clone(),
                connector.clone(),
                Arc::clone(&count),
            )
        })?;
        Ok(Self { listener, passed_on })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// How many clients took the certificate, and were passed on.
    pub fn passed_on(&self) -> usize {
        self.passed_on.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut client: TcpStream,
    upstream: u16,
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    passed_on: Arc<AtomicUsize>,
) -> io::Result<()> {
    let wire::First::TlsRequest = wire::read_first(&mut client).await? else {
        return Ok(());
    };
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    passed_on.fetch_add(1, Ordering::SeqCst);
    let mut server = TcpStream::connect(local(upstream)).await?;
    server.set_nodelay(true)?;
    server.write_all(&wire::tls_request()).await?;
    if server.read_u8().await? != b'S' {
        return Err(io::Error::other("the server offers no TLS"));
    }
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let mut server = connector.connect(name, server).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .map(drop)
}

fn connector(authority: &str) -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(authority.as_bytes()).map_err(io::Error::other)?;
    roots.add(certificate).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
