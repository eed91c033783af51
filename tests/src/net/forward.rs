//! A server's port elsewhere: at another address, or farther away.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{FOLLOWERS, Listener, local};

/// Passes everything on from a port of 127.0.0.2, where [`resolver`](super::resolver) leads the names of followers.
#[derive(Debug)]
pub struct Forward {
    _listener: Listener,
}

impl Forward {
    /// From `port` at the followers' address to the server on port `upstream` of 127.0.0.1.
    pub fn start(port: u16, upstream: u16) -> io::Result<Self> {
        let listener = Listener::start_at(SocketAddr::from((FOLLOWERS, port)), move |client| {
            serve(client, upstream)
        })?;
        Ok(Self { _listener: listener })
    }
}

async fn serve(mut client: TcpStream, upstream: u16) -> io::Result<()> {
    let mut server = TcpStream::connect(local(upstream)).await?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .map(drop)
}

/// A proxy on which each answer takes so much longer, as from another zone or region. A connection is open at once.
#[derive(Debug)]
pub struct Delay {
    listener: Listener,
    microseconds: Arc<AtomicU64>,
}

impl Delay {
    /// In front of the server on port `upstream`.
    pub fn start(upstream: u16, by: Duration) -> io::Result<Self> {
        let microseconds = Arc::new(AtomicU64::new(0));
        let shared = Arc::clone(&microseconds);
        let listener = Listener::start(move |client| serve_late(client, upstream, Arc::clone(&shared)))?;
        let delay = Self {
            listener,
            microseconds,
        };
        delay.set(by);
        Ok(delay)
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Lets answers take so long from now on.
    pub fn set(&self, by: Duration) {
        let by = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.store(by, Ordering::Relaxed);
    }
}

async fn serve_late(client: TcpStream, upstream: u16, by: Arc<AtomicU64>) -> io::Result<()> {
    let server = TcpStream::connect(local(upstream)).await?;
    server.set_nodelay(true)?;
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let there = async {
        tokio::io::copy(&mut from_client, &mut to_server).await?;
        to_server.shutdown().await
    };
    tokio::try_join!(there, late(from_server, to_client, &by)).map(drop)
}

/// Passes on what comes, each piece so much later than it came: what comes in two pieces is not held up twice.
async fn late(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, by: &AtomicU64) -> io::Result<()> {
    let (queue, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut bytes = vec![0; 16 * 1024];
        loop {
            let count = from.read(&mut bytes).await?;
            let at = Instant::now() + Duration::from_micros(by.load(Ordering::Relaxed));
            if count == 0 || queue.send((at, bytes[..count].to_vec())).is_err() {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((at, bytes)) = due.recv().await {
            sleep_until(at).await;
            to.write_all(&bytes).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(drop)
}
