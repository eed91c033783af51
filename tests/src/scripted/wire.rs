//! Just enough of HTTP, by hand: an answer that is no HTTP at all must be possible.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How much of an answer that never ends is sent: more than anybody should read.
const ENDLESS: usize = 100 * 1024 * 1024;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET` and so on.
    pub method: String,
    /// The path as it was sent, with its query.
    pub target: String,
    /// The header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: String,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// What stands behind `Bearer `.
    pub fn bearer(&self) -> &str {
        self.header("authorization")
            .strip_prefix("Bearer ")
            .unwrap_or_default()
    }

    /// The content as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Method and path, without an id at its end and without the query.
    pub fn shape(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let path = match path.strip_prefix("/keys/") {
            Some(_) => "/keys/*",
            None => path,
        };
        format!("{} {path}", self.method)
    }
}

pub(crate) fn read(stream: &mut TcpStream) -> Option<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            read => body.extend_from_slice(&buffer[..read]),
        }
    }
    Some(Request {
        method,
        target,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// An answer with a JSON body; none with an empty one.
pub fn answer(status: u16, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(super) fn send(stream: &mut TcpStream, answer: &[u8]) {
    // A client that has gone does not need it.
    let _ = stream.write_all(answer);
    let _ = stream.flush();
}

/// Until the client goes away, or a minute has passed.
pub(super) fn be_silent(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_mins(1)));
    let _ = stream.read(&mut [0]);
}

pub(super) fn never_end(stream: &mut TcpStream) {
    let head = format!("HTTP/1.1 200 x\r\ncontent-length: {ENDLESS}\r\n\r\n");
    let mut sent = 0;
    let chunk = vec![b'x'; 65_536];
    if stream.write_all(head.as_bytes()).is_err() {
        return;
    }
    while sent < ENDLESS && stream.write_all(&chunk).is_ok() {
        sent += chunk.len();
    }
}
