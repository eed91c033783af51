//! The least of an HTTP client: one request to a local server, the answer whole.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// As in 200.
    pub status: u16,
    /// The header lines, in lower case.
    pub headers: String,
    /// The content.
    pub body: Vec<u8>,
}

impl Answer {
    /// The content as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request to `url`, which is `http://host:port`, and waits for the answer, blocking.
///
/// # Errors
/// If there is no answer that is HTTP within half a minute.
pub fn send(method: &str, url: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
    send_with(method, url, path, &[("Content-Type", "application/json")], body)
}

/// The same with headers of the caller's own.
///
/// # Errors
/// If there is no answer that is HTTP within half a minute.
pub fn send_with(
    method: &str,
    url: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // HTTP/1.0: the answer ends with the connection, and is not cut into chunks.
    let more = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let more: String = more.collect();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{more}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&answer).ok_or_else(|| io::Error::other("the answer is not HTTP"))
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let (status, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    Some(Answer {
        status: status.split_whitespace().nth(1)?.parse().ok()?,
        headers: headers.to_owned(),
        body: answer[end + 4..].to_vec(),
    })
}
