//! From a name to a TCP connection, each phase with its own cause.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rotation::Budget;
use tokio::net::{TcpStream, lookup_host};

use crate::fault::PostgresFault;
use crate::server::endpoint::Endpoint;
use crate::server::scrub::shortened;

/// Longest wait for any one answer. A path that is open answers within milliseconds; one that a security group
/// closes never does, and the function must still have the time to say so.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// Shortest wait for one of several addresses.
const ONE_ADDRESS: Duration = Duration::from_secs(1);

/// Connects to the first of the server's addresses that accepts.
///
/// # Errors
/// `HostUnknown`, `ConnectionRefused`, `HostUnreachable`, `ServerSilent`, `ConnectionLost`: of the first address to
/// which there is a route. A function without IPv6 must not be told that IPv6 is the matter.
pub(crate) async fn reach(endpoint: &Endpoint, budget: Budget) -> Result<TcpStream, PostgresFault> {
    let addresses = resolve(endpoint, budget).await?;
    let limit = share(addresses.len());
    let mut telling: Option<PostgresFault> = None;
    for address in addresses {
        match connect(endpoint, address, limit, budget).await {
            Ok(stream) => return Ok(stream),
            Err(fault) => telling = Some(more_telling(telling, fault)),
        }
    }
    Err(telling.unwrap_or_else(|| no_address(endpoint)))
}

/// The earlier fault, unless only the later one is of an address to which there is a route.
fn more_telling(earlier: Option<PostgresFault>, later: PostgresFault) -> PostgresFault {
    match earlier {
        None | Some(PostgresFault::HostUnreachable { .. }) => later,
        Some(earlier) => earlier,
    }
}

/// What one of several addresses gets of our patience.
fn share(addresses: usize) -> Duration {
    let addresses = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
    (PATIENCE / addresses).max(ONE_ADDRESS)
}

async fn resolve(endpoint: &Endpoint, budget: Budget) -> Result<Vec<SocketAddr>, PostgresFault> {
    let unknown = |detail: String| PostgresFault::HostUnknown {
        host: shortened(&endpoint.host),
        detail,
    };
    let waiting_for = format!("looking up the name {}", shortened(&endpoint.host));
    let lookup = lookup_host((endpoint.host.as_str(), endpoint.port));
    let answer = budget.wait(waiting_for, PATIENCE, lookup).await;
    match answer {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(unknown(error.to_string())),
        Err(timed_out) => Err(unknown(timed_out.to_string())),
    }
}

fn no_address(endpoint: &Endpoint) -> PostgresFault {
    PostgresFault::HostUnknown {
        host: shortened(&endpoint.host),
        detail: "the answer has no address".to_owned(),
    }
}

async fn connect(
    endpoint: &Endpoint,
    address: SocketAddr,
    limit: Duration,
    budget: Budget,
) -> Result<TcpStream, PostgresFault> {
    let server = endpoint.server();
    let waiting_for = format!("connecting to {server} ({})", address.ip());
    let attempt = budget.wait(waiting_for, limit, TcpStream::connect(address)).await;
    let stream = attempt
        .map_err(PostgresFault::ServerSilent)?
        .map_err(|error| refusal(server, address, &error))?;
    // Messages are small, and each waits for an answer.
    stream
        .set_nodelay(true)
        .map_err(|error| refusal(endpoint.server(), address, &error))?;
    Ok(stream)
}

fn refusal(server: String, address: SocketAddr, error: &io::Error) -> PostgresFault {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => PostgresFault::ConnectionRefused { server },
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => PostgresFault::ConnectionLost {
            server,
            doing: "connecting".to_owned(),
            detail: error.to_string(),
        },
        _ => PostgresFault::HostUnreachable {
            server,
            detail: format!("{}: {error}", address.ip()),
        },
    }
}

#[cfg(test)]
mod tests {
    use rotation::Fault;
    use rotation::secrets::TlsMode;
    use tokio::net::TcpListener;

    use super::*;

    fn endpoint(host: &str, port: u16) -> Endpoint {
        Endpoint {
            host: host.to_owned(),
            port,
            dbname: "postgres".to_owned(),
            tls: TlsMode::Disable,
            server_name: host.to_owned(),
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
        let code = |kind: io::ErrorKind| refusal("db:5432".to_owned(), address, &kind.into()).code();
        assert_eq!(code(io::ErrorKind::ConnectionRefused), "ConnectionRefused");
        assert_eq!(code(io::ErrorKind::ConnectionReset), "ConnectionLost");
        assert_eq!(code(io::ErrorKind::HostUnreachable), "HostUnreachable");
        assert_eq!(code(io::ErrorKind::NetworkUnreachable), "HostUnreachable");
    }

    #[test]
    fn of_several_addresses_the_first_with_a_route_is_told() {
        let address = "192.0.2.1:5432".parse().unwrap();
        let fault = |kind: io::ErrorKind| refusal("db:5432".to_owned(), address, &kind.into());
        let (refused, reset, no_route) = (
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::NetworkUnreachable,
        );
        let told = |kinds: &[io::ErrorKind]| {
            let faults = kinds.iter().map(|&kind| fault(kind));
            let told = faults.fold(None, |earlier, later| Some(more_telling(earlier, later)));
            told.unwrap().code()
        };
        assert_eq!(told(&[refused, no_route]), "ConnectionRefused");
        assert_eq!(told(&[no_route, refused]), "ConnectionRefused");
        assert_eq!(told(&[refused, reset]), "ConnectionRefused");
        assert_eq!(told(&[no_route, no_route]), "HostUnreachable");
    }

    #[test]
    fn patience_is_shared_among_addresses_and_never_runs_out() {
        let milliseconds = |addresses| share(addresses).as_millis();
        assert_eq!(
            [0, 1, 2, 5, 100].map(milliseconds),
            [5000, 5000, 2500, 1000, 1000]
        );
    }
}
