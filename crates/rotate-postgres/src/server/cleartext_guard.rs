//! Keeps a password from a server without TLS that asks for it in clear text.
//!
//! The driver answers such a request without a question. Here the server's bytes pass a reader that knows just
//! enough of the protocol to see the request, and ends the connection before the driver does. It also sees at once
//! what is not PostgreSQL at all; the driver would wait for the rest of a message of a gigabyte.
//! Inside TLS it only looks, and notes what it sees in [`Seen`].
//!
//! ```text
//! server ──▶ 'R' length(4) code(4) … ──▶ Guard ──▶ driver
//!                           3: clear text, an error instead
//! ```

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::seen::Seen;

/// Type byte of every authentication message (PostgreSQL, "Message Formats").
const AUTHENTICATION: u8 = b'R';
/// `AuthenticationOk`.
const OK: [u8; 4] = 0_u32.to_be_bytes();
/// Type bytes of `BackendKeyData` and `ReadyForQuery`.
const KEY_DATA: u8 = b'K';
const READY: u8 = b'Z';
/// `AuthenticationCleartextPassword`.
const CLEARTEXT: [u8; 4] = 3_u32.to_be_bytes();
/// `AuthenticationSASLContinue`.
const CHALLENGE: [u8; 4] = 11_u32.to_be_bytes();
/// Type byte and length.
const HEADER: usize = 5;

/// All that a server may say before it has accepted a login: authentication, error, notice, protocol version.
const BEFORE_LOGIN: [u8; 4] = [AUTHENTICATION, b'E', b'N', b'v'];
/// Longest of those messages that is believed; libpq's own limit is 30,000 bytes.
const LONGEST: u32 = 65_536;

/// The server asked for the password in clear text.
#[derive(Debug, thiserror::Error)]
#[error("the server asks for the password in clear text")]
pub(crate) struct CleartextAsked;

/// The bytes are no message of PostgreSQL: their "length" would be waited for in vain.
#[derive(Debug, thiserror::Error)]
#[error("its first bytes are no message of PostgreSQL")]
struct Foreign;

/// A stream whose server is not told a password in clear text.
#[derive(Debug)]
pub(crate) struct Guard<S> {
    inner: S,
    watch: Option<Watch>,
}

impl<S> Guard<S> {
    /// Watches what the server says, until the session is ready, and refuses a request for clear text.
    pub(crate) fn watching(inner: S, seen: Arc<Seen>) -> Self {
        Self {
            inner,
            watch: Some(Watch::new(seen, true)),
        }
    }

    /// The same inside TLS, where a password may be sent in clear text: refuses nothing.
    pub(crate) fn inside_tls(inner: S, seen: Arc<Seen>) -> Self {
        Self {
            inner,
            watch: Some(Watch::new(seen, false)),
        }
    }

    /// What is watched.
    pub(crate) fn inner(&self) -> &S {
        &self.inner
    }

    /// Watches nothing: TLS goes on top, and hides what is said.
    pub(crate) fn open(inner: S) -> Self {
        Self { inner, watch: None }
    }
}

/// Where in the server's messages the stream stands.
#[derive(Debug)]
struct Watch {
    seen: Arc<Seen>,
    refuses: bool,
    /// The login is accepted. From here on nothing is judged; only `BackendKeyData` is still waited for.
    accepted: bool,
    /// The beginning of the message that is being read: header, and for an authentication message its code. A SCRAM challenge is
    /// kept whole.
    head: Vec<u8>,
    /// Bytes of the message's rest that are still to come.
    skip: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Sight {
    Nothing,
    /// There is nothing more to see.
    Done,
    CleartextAsked,
    Foreign,
}

impl Watch {
    fn new(seen: Arc<Seen>, refuses: bool) -> Self {
        Self {
            seen,
            refuses,
            accepted: false,
            head: Vec::new(),
            skip: 0,
        }
    }

    fn see(&mut self, bytes: &[u8]) -> Sight {
        for &byte in bytes {
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.head.push(byte);
            match self.sight() {
                Sight::Nothing => {}
                sight => return sight,
            }
        }
        Sight::Nothing
    }

    /// Judges the message as soon as enough of it is there.
    fn sight(&mut self) -> Sight {
        let Some((header, seen_of_body)) = self.head.split_at_checked(HEADER) else {
            return Sight::Nothing;
        };
        let length_seen = seen_of_body.len();
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
        if self.accepted && (header[0] == READY || length < 4) {
            return Sight::Done;
        }
        if !self.accepted && (!BEFORE_LOGIN.contains(&header[0]) || !(4..=LONGEST).contains(&length)) {
            return Sight::Foreign;
        }
        // The length counts itself but not the type.
        let body = usize::try_from(length).unwrap_or(usize::MAX) - 4;
        let telling = if self.accepted { KEY_DATA } else { AUTHENTICATION };
        if header[0] == telling && body >= CLEARTEXT.len() {
            let Some((&code, rest)) = seen_of_body.split_first_chunk() else {
                return Sight::Nothing;
            };
            if self.accepted {
                self.seen.served_by(u32::from_be_bytes(code));
                return Sight::Done;
            }
            match code {
                OK => self.accepted = true,
                CLEARTEXT if self.refuses => return Sight::CleartextAsked,
                CHALLENGE if length_seen < body => return Sight::Nothing,
                CHALLENGE => self.seen.challenged(rest),
                _ => self.seen.asked(u32::from_be_bytes(code)),
            }
        }
        self.skip = body - length_seen;
        self.head.clear();
        Sight::Nothing
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let Some(watch) = &mut self.watch else {
            return Poll::Ready(Ok(()));
        };
        match watch.see(&buffer.filled()[before..]) {
            Sight::Nothing => {}
            Sight::Done => self.watch = None,
            Sight::Foreign if !watch.refuses => self.watch = None,
            Sight::CleartextAsked => {
                return refuse(buffer, before, io::ErrorKind::PermissionDenied, CleartextAsked);
            }
            Sight::Foreign => return refuse(buffer, before, io::ErrorKind::InvalidData, Foreign),
        }
        Poll::Ready(Ok(()))
    }
}

/// Hands nothing of what was read to the driver.
fn refuse(
    buffer: &mut ReadBuf<'_>,
    before: usize,
    kind: io::ErrorKind,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Poll<io::Result<()>> {
    buffer.set_filled(before);
    Poll::Ready(Err(io::Error::new(kind, error)))
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind], &length.to_be_bytes()[..], body].concat()
    }

    /// What a reader behind the guard gets of `sent`, written in pieces of `size` bytes.
    async fn read_through(sent: &[u8], size: usize) -> io::Result<Vec<u8>> {
        let (near, mut far) = tokio::io::duplex(size);
        let sent = sent.to_vec();
        let writer = tokio::spawn(async move { far.write_all(&sent).await });
        let mut read = Vec::new();
        let outcome = Guard::watching(near, Arc::default()).read_to_end(&mut read).await;
        drop(writer);
        outcome.map(|_| read)
    }

    #[tokio::test]
    async fn a_request_for_clear_text_ends_the_connection_however_it_is_cut() {
        let notice = message(b'N', b"SNOTICE\0\0");
        for before in [&b""[..], &notice] {
            let sent = [before, &message(b'R', &CLEARTEXT)].concat();
            for size in 1..=sent.len() {
                let error = read_through(&sent, size).await.unwrap_err();
                assert!(
                    matches!(error.get_ref(), Some(inner) if inner.is::<CleartextAsked>()),
                    "{size}: {error}"
                );
            }
        }
    }

    #[tokio::test]
    async fn other_requests_pass_unchanged() {
        let sasl = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
        let md5 = message(b'R', b"\0\0\0\x05salt");
        let error = message(b'E', b"R\0\0\0\x08\0\0\0\x03");
        let version = message(b'v', b"\0\0\0\0\0\0\0\0");
        for sent in [sasl, md5, error, version] {
            for size in [1, 3, 64] {
                assert_eq!(read_through(&sent, size).await.unwrap(), sent);
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_message_is_not_waited_for() {
        for sent in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"SSH-2.0-x",
            b"Ecould not fork",
            b"R\0\0\0\x03",
            b"J\0\0\0\x0a8.0",
        ] {
            for size in [1, 3, 64] {
                let error = read_through(sent, size).await.unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{sent:?}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_looked_at_once_the_login_is_accepted() {
        let sent = [message(b'R', &OK), message(b'R', &CLEARTEXT)].concat();
        assert_eq!(read_through(&sent, 64).await.unwrap(), sent);
    }

    /// What is noted of a login whose messages are read a byte at a time.
    async fn noted(messages: &[Vec<u8>], inside_tls: bool) -> Arc<Seen> {
        let seen = Arc::<Seen>::default();
        let sent = messages.concat();
        let mut guard = if inside_tls {
            Guard::inside_tls(sent.as_slice(), Arc::clone(&seen))
        } else {
            Guard::watching(sent.as_slice(), Arc::clone(&seen))
        };
        for &byte in &sent {
            assert_eq!(guard.read_u8().await.unwrap(), byte);
        }
        seen
    }

    #[tokio::test]
    async fn the_request_for_a_password_and_the_process_are_noted() {
        let ok = message(b'R', &OK);
        let status = message(b'S', b"a\0b\0");
        let key = message(b'K', &[0, 0, 0x12, 0x34, 9, 9, 9, 9]);
        let ready = message(b'Z', b"I");
        let sasl = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
        for inside_tls in [true, false] {
            let login = [
                sasl.clone(),
                ok.clone(),
                status.clone(),
                key.clone(),
                ready.clone(),
            ];
            let seen = noted(&login, inside_tls).await;
            assert!(seen.is_checked_by_the_server() && seen.is_served_by(0x1234));
        }
        let clear = [message(b'R', &CLEARTEXT), ok.clone(), ready.clone(), key];
        let seen = noted(&clear, true).await;
        assert!(!seen.is_checked_by_the_server());
        assert!(
            !seen.is_served_by(0x1234),
            "after ReadyForQuery nothing is looked at"
        );
    }

    #[tokio::test]
    async fn below_tls_nothing_is_looked_at() {
        let sent = message(b'R', &CLEARTEXT);
        let mut read = Vec::new();
        Guard::open(sent.as_slice()).read_to_end(&mut read).await.unwrap();
        assert_eq!(read, sent);
    }

    proptest! {
        #[test]
        fn any_bytes_pass_unchanged_or_not_at_all(sent in proptest::collection::vec(any::<u8>(), 0..64), size in 1_usize..9) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            match runtime.block_on(read_through(&sent, size)) {
                Ok(read) => prop_assert_eq!(read, sent),
                Err(error) => prop_assert!(error.get_ref().is_some(), "{}", error),
            }
        }
    }
}
