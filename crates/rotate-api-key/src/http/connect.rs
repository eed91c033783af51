//! From a base to a connection: name, address, TCP, TLS, each with its own cause.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::forbidden;
use crate::fault::ProviderFault;
use crate::notation::base::{self, Base};

/// A connection, with or without TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// Connects to the first address that accepts, if none of the name's addresses is one that no provider has.
///
/// # Errors
/// `ProviderUnreachable`, `ProviderAddressRefused`, `ProviderTlsFailed`.
pub(crate) async fn connect(
    base: &Base,
    call: &str,
    tls: impl FnOnce() -> Arc<ClientConfig>,
) -> Result<Pin<Box<dyn Stream>>, ProviderFault> {
    let stream = reach(base, call).await?;
    if !base.tls {
        return Ok(Box::pin(stream));
    }
    let failed = |detail: String| ProviderFault::ProviderTlsFailed {
        call: call.to_owned(),
        detail,
    };
    let name = ServerName::try_from(base.host.clone())
        .map_err(|_| failed("the host is no name that a certificate can have".to_owned()))?;
    match TlsConnector::from(tls()).connect(name, stream).await {
        Ok(stream) => Ok(Box::pin(stream)),
        Err(error) if error.get_ref().is_some_and(is_of_tls) => Err(failed(error.to_string())),
        Err(error) => Err(unreachable(
            call,
            format!("the connection was lost during TLS: {error}"),
        )),
    }
}

async fn reach(base: &Base, call: &str) -> Result<TcpStream, ProviderFault> {
    let mut last = None;
    for address in resolve(base, call).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Requests are small, and each waits for an answer.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = Some(error),
        }
    }
    let detail = last.map_or_else(|| "the name has no address".to_owned(), |error| words(&error));
    Err(unreachable(call, detail))
}

async fn resolve(base: &Base, call: &str) -> Result<Vec<SocketAddr>, ProviderFault> {
    let found = lookup_host((base.host.as_str(), base.port)).await;
    let found = found.map_err(|error| unreachable(call, format!("the name leads to no address: {error}")))?;
    let addresses: Vec<_> = found.collect();
    let loopback = base::is_loopback(&base.host);
    for address in &addresses {
        if let Some(why) = forbidden::refusal(address.ip(), loopback) {
            return Err(ProviderFault::ProviderAddressRefused {
                call: call.to_owned(),
                host: base.host.clone(),
                address: address.ip().to_string(),
                why,
            });
        }
    }
    Ok(addresses)
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        _ => format!("no connection: {error}"),
    }
}

/// Nothing was sent yet: it may be tried again.
fn unreachable(call: &str, detail: String) -> ProviderFault {
    ProviderFault::ProviderUnreachable {
        call: call.to_owned(),
        detail,
        again: true,
    }
}

fn is_of_tls(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    error.is::<rustls::Error>()
}
