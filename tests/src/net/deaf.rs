//! A port whose packets are swallowed, as those that a security group drops are.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use tokio::net::TcpSocket;

use super::{local, runtime};

/// Listens, and never accepts: its queue is full, so that the system answers no further client at all.
#[derive(Debug)]
pub struct Deaf {
    port: u16,
    _listener: tokio::net::TcpListener,
    _queued: Vec<TcpStream>,
}

impl Deaf {
    /// Fills its own queue.
    pub fn start() -> io::Result<Self> {
        let _context = runtime().enter();
        let socket = TcpSocket::new_v4()?;
        socket.bind(local(0))?;
        let listener = socket.listen(1)?;
        let port = listener.local_addr()?.port();
        let mut queued = Vec::new();
        // The first that gets no answer is the proof that nobody does.
        while let Ok(stream) = TcpStream::connect_timeout(&local(port), Duration::from_millis(200)) {
            queued.push(stream);
            if queued.len() > 64 {
                return Err(io::Error::other("the queue of a listening port has no end here"));
            }
        }
        Ok(Self {
            port,
            _listener: listener,
            _queued: queued,
        })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}
