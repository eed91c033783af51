//! A server that fishes for passwords.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Listener, wire};

/// Says that it has no TLS, asks for the password in clear text, notes it, and refuses it.
pub struct Rogue {
    listener: Listener,
    caught: Arc<Mutex<Caught>>,
}

#[derive(Default)]
struct Caught {
    connections: usize,
    startups: usize,
    passwords: Vec<String>,
}

impl Rogue {
    /// Starts to fish.
    pub fn start() -> io::Result<Self> {
        let caught = Arc::new(Mutex::new(Caught::default()));
        let notes = Arc::clone(&caught);
        let listener = Listener::start(move |stream| fish(stream, Arc::clone(&notes)))?;
        Ok(Self { listener, caught })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// How many clients connected.
    pub fn connections(&self) -> usize {
        self.look().connections
    }

    /// How many went on without TLS, and told who they are.
    pub fn startups(&self) -> usize {
        self.look().startups
    }

    /// The passwords that were given away, in order.
    pub fn passwords(&self) -> Vec<String> {
        self.look().passwords.clone()
    }

    fn look(&self) -> std::sync::MutexGuard<'_, Caught> {
        lock(&self.caught)
    }
}

fn lock(caught: &Mutex<Caught>) -> std::sync::MutexGuard<'_, Caught> {
    caught.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn fish(mut stream: TcpStream, caught: Arc<Mutex<Caught>>) -> io::Result<()> {
    lock(&caught).connections += 1;
    wire::refuse_encryption(&mut stream).await?;
    lock(&caught).startups += 1;
    // AuthenticationCleartextPassword.
    stream
        .write_all(&wire::message(b'R', &3_u32.to_be_bytes()))
        .await?;
    let (kind, content) = wire::read_message(&mut stream).await?;
    if kind == b'p' {
        let password = String::from_utf8_lossy(content.strip_suffix(b"\0").unwrap_or(&content)).into_owned();
        lock(&caught).passwords.push(password);
    }
    stream
        .write_all(&wire::fatal("28P01", "password authentication failed"))
        .await?;
    stream.shutdown().await
}
