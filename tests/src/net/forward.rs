//! A server's port at another address.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;

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
