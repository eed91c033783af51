//! The little of `PostgreSQL`'s protocol that a bad server needs.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The code of a request for TLS, in place of a protocol version.
const TLS_REQUEST: u32 = 80_877_103;
/// The code of a request for GSSAPI encryption.
const GSS_REQUEST: u32 = 80_877_104;
/// More than any startup packet of ours.
const LARGEST: usize = 64 * 1024;

/// The packet that asks for TLS.
pub(super) fn tls_request() -> Vec<u8> {
    [8_u32.to_be_bytes(), TLS_REQUEST.to_be_bytes()].concat()
}

/// The first packet of a connection, whole.
pub(super) enum First {
    /// A request for TLS.
    TlsRequest,
    /// A request for GSSAPI encryption.
    GssRequest,
    /// The startup packet, or a request to cancel a query.
    Startup(Vec<u8>),
}

/// Reads the first packet of a connection.
pub(super) async fn read_first(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<First> {
    let packet = read_packet(stream, Vec::new()).await?;
    let code = packet.get(4..8).map_or(0, |code| {
        code.iter().fold(0, |code, byte| code << 8 | u32::from(*byte))
    });
    Ok(match code {
        TLS_REQUEST => First::TlsRequest,
        GSS_REQUEST => First::GssRequest,
        _ => First::Startup(packet),
    })
}

/// Reads a message with its type in front, and returns its type and content.
pub(super) async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    let packet = read_packet(stream, vec![kind]).await?;
    Ok((kind, packet[5..].to_vec()))
}

/// Reads a length and what it counts, and appends both to `packet`. The length counts itself.
async fn read_packet(stream: &mut (impl AsyncRead + Unpin), mut packet: Vec<u8>) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    packet.extend(length.to_be_bytes());
    let rest = usize::try_from(length)
        .unwrap_or(usize::MAX)
        .checked_sub(4)
        .filter(|rest| *rest <= LARGEST);
    let rest = rest.ok_or_else(|| io::Error::other("not a packet of PostgreSQL's protocol"))?;
    let start = packet.len();
    packet.resize(start + rest, 0);
    stream.read_exact(&mut packet[start..]).await?;
    Ok(packet)
}

/// Answers requests for encryption with "no" until the startup packet comes, and returns that.
pub(super) async fn refuse_encryption(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> io::Result<Vec<u8>> {
    loop {
        match read_first(stream).await? {
            First::Startup(packet) => return Ok(packet),
            First::TlsRequest | First::GssRequest => stream.write_all(b"N").await?,
        }
    }
}

/// An `ErrorResponse` of severity FATAL.
pub(super) fn fatal(sqlstate: &str, message: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    for (kind, text) in [
        (b'S', "FATAL"),
        (b'V', "FATAL"),
        (b'C', sqlstate),
        (b'M', message),
    ] {
        fields.push(kind);
        fields.extend(text.as_bytes());
        fields.push(0);
    }
    fields.push(0);
    self::message(b'E', &fields)
}

/// A message of type `kind`.
pub(super) fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).expect("the harness sends short messages only");
    [&[kind], &length.to_be_bytes()[..], content].concat()
}
