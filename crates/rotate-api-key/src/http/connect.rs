//! From a base to a connection: name, address, TCP, TLS, each with its own cause.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use outbound::{Budget, ConnectError, Destination, TlsFailure};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::fault::{ProviderFault, Reached};
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
    limit: Duration,
    tls: impl FnOnce() -> Arc<ClientConfig>,
) -> Result<Pin<Box<dyn Stream>>, ProviderFault> {
    let stream = reach(base, call, limit).await?;
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
        Err(error) => Err(match of_tls(&error) {
            Some(tls) => failed(TlsFailure::of(tls).problem),
            None => unreachable(
                call,
                format!("the connection was lost during TLS: {error}"),
                Reached::Provider,
            ),
        }),
    }
}

async fn reach(base: &Base, call: &str, limit: Duration) -> Result<TcpStream, ProviderFault> {
    let to = Destination {
        host: &base.host,
        port: base.port,
    };
    let loopback = base::is_loopback(&base.host);
    let forbidden = |ip: IpAddr| outbound::refusal(ip, loopback);
    match outbound::connect(to, limit, Budget::lasting(limit), forbidden).await {
        Ok(stream) => Ok(stream),
        Err(ConnectError::Forbidden { address, why }) => Err(ProviderFault::ProviderAddressRefused {
            call: call.to_owned(),
            host: base.host.clone(),
            address: address.to_string(),
            why,
        }),
        Err(error) => {
            let reached = match error {
                ConnectError::NameUnknown { .. } => Reached::NoName,
                _ => Reached::Nothing,
            };
            Err(unreachable(call, error.to_string(), reached))
        }
    }
}

/// Nothing was sent yet: it may be tried again.
fn unreachable(call: &str, detail: String, reached: Reached) -> ProviderFault {
    ProviderFault::ProviderUnreachable {
        call: call.to_owned(),
        detail,
        reached,
        again: true,
    }
}

fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
