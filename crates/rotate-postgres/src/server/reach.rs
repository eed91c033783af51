//! From an endpoint to a TCP connection, each phase with its own cause.

use std::time::Duration;

use outbound::{ConnectError, connect, refusal, shortened_name};
use rotation::Budget;
use tokio::net::TcpStream;

use crate::fault::PostgresFault;
use crate::server::endpoint::Endpoint;

/// Longest wait for any one answer. A path that is open answers within milliseconds; one that a security group
/// closes never does, and the function must still have the time to say so.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Connects to the first of the server's addresses that accepts.
///
/// # Errors
/// `HostUnknown`, `ConnectionRefused`, `HostUnreachable`, `ServerSilent`, `ConnectionLost`: of the first address to
/// which there is a route.
pub(crate) async fn reach(endpoint: &Endpoint, budget: Budget) -> Result<TcpStream, PostgresFault> {
    let local_hosts = endpoint.allowed.local_hosts;
    let forbidden = |address| (!local_hosts).then(|| refusal(address, false)).flatten();
    connect(endpoint.destination(), PATIENCE, budget, forbidden)
        .await
        .map_err(|error| fault(endpoint, error))
}

fn fault(endpoint: &Endpoint, error: ConnectError) -> PostgresFault {
    let server = endpoint.server();
    match error {
        ConnectError::NameUnknown { detail } => PostgresFault::HostUnknown {
            host: shortened_name(&endpoint.host),
            detail,
        },
        ConnectError::Refused { .. } => PostgresFault::ConnectionRefused { server },
        ConnectError::Lost { error, .. } => PostgresFault::ConnectionLost {
            server,
            doing: "connecting".to_owned(),
            detail: error.to_string(),
        },
        ConnectError::Unreachable { address, error } => PostgresFault::HostUnreachable {
            server,
            detail: format!("{}: {error}", address.ip()),
        },
        // Whether anything listens there was not tried, and where a name leads is not said.
        ConnectError::Forbidden { why, .. } => PostgresFault::HostAddressRefused {
            host: shortened_name(&endpoint.host),
            why,
        },
        ConnectError::TimedOut(timed_out) => PostgresFault::ServerSilent(timed_out),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rotation::Fault;
    use rotation::secrets::TlsMode;
    use tokio::net::TcpListener;

    use super::*;
    use crate::settings::Allowed;

    fn endpoint(host: &str, port: u16) -> Endpoint {
        Endpoint {
            host: host.to_owned(),
            port,
            dbname: "postgres".to_owned(),
            tls: TlsMode::Disable,
            server_name: host.to_owned(),
            allowed: Allowed {
                no_password: false,
                local_hosts: true,
            },
        }
    }

    async fn code(host: &str, port: u16) -> &'static str {
        let budget = Budget::lasting(Duration::from_secs(20));
        reach(&endpoint(host, port), budget).await.unwrap_err().code()
    }

    #[tokio::test]
    async fn a_listening_port_is_reached_by_name_and_by_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost"] {
            let budget = Budget::lasting(Duration::from_secs(5));
            reach(&endpoint(host, port), budget).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_port_where_nobody_listens_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(code("127.0.0.1", port).await, "ConnectionRefused");
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_is_unknown() {
        assert_eq!(code("keywheel.invalid", 5432).await, "HostUnknown");
    }

    #[test]
    fn each_kind_of_refusal_has_its_code() {
        let address = "192.0.2.1:5432".parse().unwrap();
        let endpoint = endpoint("db", 5432);
        let code = |error: ConnectError| fault(&endpoint, error).code();
        let error = || io::Error::from(io::ErrorKind::Other);
        assert_eq!(code(ConnectError::Refused { address }), "ConnectionRefused");
        assert_eq!(
            code(ConnectError::Lost {
                address,
                error: error()
            }),
            "ConnectionLost"
        );
        assert_eq!(
            code(ConnectError::Unreachable {
                address,
                error: error()
            }),
            "HostUnreachable"
        );
    }
}
