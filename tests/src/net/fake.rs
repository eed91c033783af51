//! Servers that are none.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Listener, wire};

/// Accepts connections and never says a word.
pub fn silent() -> io::Result<Listener> {
    Listener::start(|stream| async move {
        // Held open, unread: for the client it is a server that hangs.
        let _stream = stream;
        std::future::pending().await
    })
}

/// Answers whatever it is sent as a web server does.
pub fn garbage() -> io::Result<Listener> {
    Listener::start(|mut stream| async move {
        stream.read_u8().await?;
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            .await?;
        stream.shutdown().await
    })
}

/// Speaks `PostgreSQL`, without TLS, and turns everyone away with this error, as a server that is full (`53300`) or
/// still starting (`57P03`) does.
pub fn refusing(sqlstate: &'static str, message: &'static str) -> io::Result<Listener> {
    Listener::start(move |mut stream| async move {
        wire::refuse_encryption(&mut stream).await?;
        stream.write_all(&wire::fatal(sqlstate, message)).await?;
        stream.shutdown().await
    })
}

/// Speaks `PostgreSQL`, without TLS, up to the startup packet, and never answers that.
pub fn mute() -> io::Result<Listener> {
    Listener::start(|mut stream| async move {
        wire::refuse_encryption(&mut stream).await?;
        std::future::pending().await
    })
}

/// A port on 127.0.0.1 where nobody listens: connections are refused at once.
pub fn refused_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}
