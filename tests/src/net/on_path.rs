//! Somebody on the network path: TLS is passed on, since there is nothing else to do with it; plain text is answered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Listener, local, wire};

/// What a connection without TLS gets.
#[derive(Debug, Clone, Copy)]
pub enum Plain {
    /// `AuthenticationOk`, and no question before it.
    LetIn,
    /// Another server, on this port: one whose passwords the attacker chose.
    Elsewhere(u16),
}

/// Stands in front of a server.
pub struct OnPath {
    listener: Listener,
    answered: Arc<AtomicUsize>,
}

impl OnPath {
    /// Stands in front of the server on port `upstream`.
    pub fn start(upstream: u16, plain: Plain) -> io::Result<Self> {
        let answered = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&answered);
        let listener = Listener::start(move |stream| serve(stream, upstream, plain, Arc::clone(&count)))?;
        Ok(Self { listener, answered })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// How many connections came without TLS.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut client: TcpStream,
    upstream: u16,
    plain: Plain,
    answered: Arc<AtomicUsize>,
) -> io::Result<()> {
    let (port, first) = match wire::read_first(&mut client).await? {
        wire::First::TlsRequest => (upstream, wire::tls_request()),
        wire::First::GssRequest => return client.shutdown().await,
        wire::First::Startup(packet) => {
            answered.fetch_add(1, Ordering::SeqCst);
            match plain {
                Plain::Elsewhere(port) => (port, packet),
                Plain::LetIn => {
                    let (ok, ready) = (wire::message(b'R', &[0; 4]), wire::message(b'Z', b"I"));
                    client.write_all(&[ok, ready].concat()).await?;
                    // Until the client hangs up.
                    return client.read_to_end(&mut Vec::new()).await.map(drop);
                }
            }
        }
    };
    let mut server = TcpStream::connect(local(port)).await?;
    server.write_all(&first).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .map(drop)
}
