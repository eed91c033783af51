//! From a name to a TCP connection, within a time limit.
//!
//! hyper-util's `HttpConnector` was considered. It skips its resolver, and with it a filter, for a host that is an address;
//! it limits no look-up, has no least time for an address, and keeps the address of its error private.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};

use crate::budget::{Budget, TimedOut};
use crate::words::{one_line, shortened_name};

/// Shortest wait for one of several addresses. Within it, one lost packet is sent again (RFC 6298: after 1 s).
const ONE_ADDRESS: Duration = Duration::from_secs(1);

/// A server, by name or address, and its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination<'a> {
    /// A DNS name, or an address without brackets.
    pub host: &'a str,
    /// The TCP port.
    pub port: u16,
}

/// `host:port`, or `[address]:port` for IPv6, on one line of bounded length.
impl fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (one_line(&shortened_name(self.host)), self.port);
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// Why there is no connection. Nothing was sent, so it may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name service does not know the name, does not answer, or has no address for it.
    #[error("the name leads to no address: {detail}")]
    NameUnknown {
        /// What the resolver says.
        detail: String,
    },
    /// The caller's filter refuses one of the name's addresses.
    #[error("the address {address} {why}")]
    Forbidden {
        /// The address.
        address: IpAddr,
        /// The filter's reason, such as `is link-local`.
        why: &'static str,
    },
    /// A host answers, and no program listens at the port.
    #[error("the connection was refused by {address}")]
    Refused {
        /// The address that was tried.
        address: SocketAddr,
    },
    /// The peer closed the connection while it was made.
    #[error("the connection to {address} was lost: {error}")]
    Lost {
        /// The address that was tried.
        address: SocketAddr,
        /// The system's error.
        error: io::Error,
    },
    /// There is no route to the address, or the system allows no connection to it.
    #[error("no connection to {address}: {error}")]
    Unreachable {
        /// The address that was tried.
        address: SocketAddr,
        /// The system's error.
        error: io::Error,
    },
    /// The address did not answer in its share of the time. The text has the address.
    #[error(transparent)]
    TimedOut(TimedOut),
}

/// Connects to the first of the destination's addresses that accepts.
///
/// The look-up gets `patience`, and so do all the addresses together. Each address gets an equal part of the time that is
/// left, and at least one second: a silent first address leaves the others enough. `budget` limits it all.
///
/// `forbidden` says why an address may not be connected to. If it refuses one of the name's addresses, no address is
/// connected to: a name that leads to such an address is under somebody else's control. The addresses that were judged are
/// the ones that are connected to; no second look-up can replace them.
///
/// # Errors
/// [`ConnectError`], of the first address to which there is a route. A function without IPv6 must not be told that IPv6 is
/// the matter.
pub async fn connect(
    to: Destination<'_>,
    patience: Duration,
    budget: Budget,
    forbidden: impl Fn(IpAddr) -> Option<&'static str>,
) -> Result<TcpStream, ConnectError> {
    let addresses = look_up(to, patience, budget).await?;
    for address in addresses.iter().map(SocketAddr::ip) {
        if let Some(why) = forbidden(address) {
            return Err(ConnectError::Forbidden { address, why });
        }
    }
    first_that_accepts(to, &addresses, patience, budget).await
}

async fn look_up(
    to: Destination<'_>,
    patience: Duration,
    budget: Budget,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let unknown = |detail: String| ConnectError::NameUnknown { detail };
    let waiting_for = format!("looking up the name {}", one_line(&shortened_name(to.host)));
    let answer = budget
        .wait(waiting_for, patience, lookup_host((to.host, to.port)))
        .await;
    match answer {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(unknown(error.to_string())),
        Err(timed_out) => Err(unknown(timed_out.to_string())),
    }
}

async fn first_that_accepts(
    to: Destination<'_>,
    addresses: &[SocketAddr],
    patience: Duration,
    budget: Budget,
) -> Result<TcpStream, ConnectError> {
    let patience = Budget::lasting(patience);
    let mut telling = None;
    for (tried, &address) in addresses.iter().enumerate() {
        let limit = share(patience.remaining(), addresses.len() - tried);
        match connect_to(to, address, limit, budget).await {
            Ok(stream) => return Ok(stream),
            Err(error) => telling = Some(more_telling(telling, error)),
        }
    }
    Err(telling.unwrap_or_else(|| ConnectError::NameUnknown {
        detail: "the answer has no address".to_owned(),
    }))
}

/// What the next of `addresses` gets of the time that is left.
fn share(left: Duration, addresses: usize) -> Duration {
    let addresses = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
    (left / addresses).max(ONE_ADDRESS)
}

async fn connect_to(
    to: Destination<'_>,
    address: SocketAddr,
    limit: Duration,
    budget: Budget,
) -> Result<TcpStream, ConnectError> {
    let waiting_for = format!("connecting to {to} ({})", address.ip());
    let stream = budget
        .wait(waiting_for, limit, TcpStream::connect(address))
        .await
        .map_err(ConnectError::TimedOut)?
        .map_err(|error| failure(address, error))?;
    // Messages are small, and each waits for an answer.
    stream
        .set_nodelay(true)
        .map_err(|error| failure(address, error))?;
    Ok(stream)
}

fn failure(address: SocketAddr, error: io::Error) -> ConnectError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused { address },
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            ConnectError::Lost { address, error }
        }
        _ => ConnectError::Unreachable { address, error },
    }
}

/// The earlier error, unless only the later one is of an address to which there is a route.
fn more_telling(earlier: Option<ConnectError>, later: ConnectError) -> ConnectError {
    match earlier {
        None | Some(ConnectError::Unreachable { .. }) => later,
        Some(earlier) => earlier,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use tokio::net::TcpSocket;
    use tokio::time::Instant;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn budget() -> Budget {
        Budget::lasting(Duration::from_secs(20))
    }

    fn to(host: &str, port: u16) -> Destination<'_> {
        Destination { host, port }
    }

    async fn reach(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        connect(to(host, port), PATIENCE, budget(), |_| None).await
    }

    async fn reach_first(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
        first_that_accepts(to("db", 5432), addresses, PATIENCE, budget()).await
    }

    fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    fn refusing() -> SocketAddr {
        listening().1
    }

    /// An address that answers nothing, as behind a security group: Linux drops what no longer fits into a listener's queue.
    struct Silent {
        address: SocketAddr,
        _listener: tokio::net::TcpListener,
        _queue: Vec<std::net::TcpStream>,
    }

    impl Silent {
        fn new() -> Self {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let listener = socket.listen(1).unwrap();
            let address = listener.local_addr().unwrap();
            let fill = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100));
            let queue = std::iter::from_fn(|| fill().ok()).collect();
            Self {
                address,
                _listener: listener,
                _queue: queue,
            }
        }
    }

    #[tokio::test]
    async fn a_listening_port_is_reached_by_name_and_by_address() {
        let (_listener, address) = listening();
        for host in ["127.0.0.1", "localhost"] {
            let stream = reach(host, address.port()).await.unwrap();
            assert!(stream.nodelay().unwrap());
        }
    }

    #[tokio::test]
    async fn a_port_where_nothing_listens_refuses() {
        let address = refusing();
        let error = reach("127.0.0.1", address.port()).await.unwrap_err();
        assert!(matches!(&error, ConnectError::Refused { address: tried } if *tried == address));
        assert_eq!(
            error.to_string(),
            format!("the connection was refused by {address}")
        );
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_is_unknown() {
        let error = reach("keywheel.invalid", 5432).await.unwrap_err();
        assert!(matches!(error, ConnectError::NameUnknown { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_unknown() {
        let error = reach_first(&[]).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the name leads to no address: the answer has no address"
        );
    }

    #[tokio::test]
    async fn a_forbidden_address_is_never_connected_to() {
        let (listener, address) = listening();
        listener.set_nonblocking(true).unwrap();
        for host in ["127.0.0.1", "localhost"] {
            let forbidden = |address: IpAddr| address.is_loopback().then_some("is the machine itself");
            let error = connect(to(host, address.port()), PATIENCE, budget(), forbidden)
                .await
                .unwrap_err();
            assert!(matches!(error, ConnectError::Forbidden { .. }), "{error}");
            assert!(error.to_string().ends_with(" is the machine itself"), "{error}");
        }
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    // Paused time passes only while no socket has news; a silent one never has.
    #[tokio::test(start_paused = true)]
    async fn a_silent_first_address_leaves_time_for_the_second() {
        let silent = Silent::new();
        let (_listener, address) = listening();
        let start = Instant::now();
        let stream = reach_first(&[silent.address, address]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(start.elapsed().as_millis() / 100, 25);
    }

    #[tokio::test(start_paused = true)]
    async fn of_silent_addresses_the_first_is_told_and_each_has_its_share() {
        let silent = Silent::new();
        let start = Instant::now();
        let error = reach_first(&[silent.address; 5]).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no answer in 1.0 s while connecting to db:5432 (127.0.0.1)"
        );
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_fails_at_once_leaves_its_time_to_the_next() {
        let silent = Silent::new();
        let start = Instant::now();
        let error = reach_first(&[refusing(), silent.address]).await.unwrap_err();
        assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
        assert_eq!(start.elapsed().as_millis() / 100, 50);
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_limits_it_all() {
        let silent = Silent::new();
        let start = Instant::now();
        let budget = Budget::lasting(Duration::from_millis(300));
        let error = first_that_accepts(to("db", 5432), &[silent.address; 50], PATIENCE, budget).await;
        assert!(matches!(error, Err(ConnectError::TimedOut(_))));
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn each_kind_of_failure_has_its_variant() {
        let address = "192.0.2.1:5432".parse().unwrap();
        let failed = |kind: io::ErrorKind| failure(address, kind.into());
        assert!(matches!(
            failed(io::ErrorKind::ConnectionRefused),
            ConnectError::Refused { .. }
        ));
        for kind in [io::ErrorKind::ConnectionReset, io::ErrorKind::ConnectionAborted] {
            assert!(matches!(failed(kind), ConnectError::Lost { .. }), "{kind:?}");
        }
        for kind in [io::ErrorKind::HostUnreachable, io::ErrorKind::NetworkUnreachable] {
            assert!(
                matches!(failed(kind), ConnectError::Unreachable { .. }),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn of_several_addresses_the_first_with_a_route_is_told() {
        let (refused, reset, no_route) = (
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::NetworkUnreachable,
        );
        let told = |kinds: &[io::ErrorKind]| {
            let address = "192.0.2.1:5432".parse().unwrap();
            let errors = kinds.iter().map(|&kind| failure(address, kind.into()));
            let told = errors.fold(None, |earlier, later| Some(more_telling(earlier, later)));
            told.unwrap().to_string()
        };
        assert!(told(&[refused, no_route]).contains("refused"));
        assert!(told(&[no_route, refused]).contains("refused"));
        assert!(told(&[refused, reset]).contains("refused"));
        assert!(told(&[no_route, no_route]).contains("no connection"));
    }

    #[test]
    fn the_time_is_shared_among_addresses_and_never_runs_out() {
        let milliseconds = |addresses| share(PATIENCE, addresses).as_millis();
        assert_eq!(
            [0, 1, 2, 5, 100].map(milliseconds),
            [5000, 5000, 2500, 1000, 1000]
        );
        assert_eq!(share(Duration::ZERO, 1), ONE_ADDRESS);
    }

    #[test]
    fn a_destination_is_one_short_line() {
        assert_eq!(to("db.example", 5432).to_string(), "db.example:5432");
        assert_eq!(to("2001:db8::1", 5432).to_string(), "[2001:db8::1]:5432");
        assert_eq!(to("a\nb", 1).to_string(), "a b:1");
        assert!(to(&"x".repeat(60_000), 1).to_string().chars().count() < 270);
    }
}
