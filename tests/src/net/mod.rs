//! Bad networks and bad servers, each on a free port of 127.0.0.1 for as long as its value lives.
//!
//! They run on threads of their own: a test may block, or be a process of its own, and they still answer.

mod deaf;
mod exchanges;
mod fake;
mod forward;
mod https;
mod iam;
mod interceptor;
mod names;
mod on_path;
mod proxy;
mod requests;
mod rogue;
mod wire;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;

pub use deaf::Deaf;
pub use exchanges::{Exchange, Exchanges, When};
pub use fake::{garbage, mute, refused_port, refusing, silent};
pub use forward::{Delay, Forward};
pub use https::{Https, Otherwise};
pub use iam::{Door, Visit};
pub use interceptor::Interceptor;
pub use names::resolver;
pub use on_path::{OnPath, Plain};
pub use proxy::{Act, Proxy, Rule, Side, Tls};
pub use requests::Requests;
pub use rogue::Rogue;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, JoinSet};

/// Something that listens; stops, and drops its connections, with this value.
#[derive(Debug)]
pub struct Listener {
    port: u16,
    accepting: AbortHandle,
}

impl Listener {
    /// Serves each connection on a free port with `serve`.
    fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> io::Result<Self>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), serve)
    }

    /// The same at an address of the caller's choice.
    fn start_at<F>(address: SocketAddr, serve: impl Fn(TcpStream) -> F + Send + 'static) -> io::Result<Self>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let accepting = runtime().spawn(accept(listener, serve)).abort_handle();
        Ok(Self { port, accepting })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<F>(listener: std::net::TcpListener, serve: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::from_std(listener)?;
    // Dropping the set, when this task is aborted, drops the connections.
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        connections.spawn(serve(stream));
        while connections.try_join_next().is_some() {}
    }
}

/// Where, in a resolved name's place, the followers of a server are: the same ports, another address.
const FOLLOWERS: [u8; 4] = [127, 0, 0, 2];

/// Where the servers of a [`crate::postgres::Cluster`] listen.
fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The threads on which all of this runs.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime needs nothing but threads and a few file descriptors")
    })
}
