//! A proxy in front of a real server, honest or not, that can fail on cue.

use std::borrow::Cow;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Listener, local, wire};
use crate::certificates::ServerCertificate;

/// Who sends the bytes that a [`Rule`] looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client, to the server.
    Client,
    /// The server, to the client.
    Server,
}

/// What the proxy does about TLS.
#[derive(Clone)]
pub enum Tls {
    /// Nothing: every byte goes through as it is, and a [`Rule`] sees cipher text.
    Through,
    /// Says that the server has none, and passes on in plain what a client then sends all the same.
    Strip,
    /// Ends it here, with this certificate, and speaks plain to the server: a [`Rule`] sees the protocol itself.
    /// A client that does not ask for TLS is served in plain.
    End(ServerCertificate),
}

/// What happens when the bytes of a [`Rule`] go by.
#[derive(Clone)]
pub enum Act {
    /// The connection is cut before they are passed on.
    CutBefore,
    /// They are passed on, and the connection is cut as soon as the other side has answered, without the answer.
    CutAfter,
    /// Neither they nor anything after them is passed on, while the connection stays open.
    Stall,
    /// This query goes on in the place of the message's rest that begins with them.
    Ask(String),
    /// This is called, then they are passed on.
    Call(Arc<dyn Fn() + Send + Sync>),
    /// Another rule takes the place of this one, from these very bytes on.
    Then(Box<Rule>),
}

/// Something to happen, once, when given bytes go by.
#[derive(Clone)]
pub struct Rule {
    /// Who sends them.
    pub from: Side,
    /// The bytes, as in `b"ALTER ROLE"`.
    pub bytes: Vec<u8>,
    /// What happens.
    pub act: Act,
}

impl Rule {
    /// `act` when the client sends `bytes`.
    pub fn on_client(bytes: &str, act: Act) -> Self {
        Self {
            from: Side::Client,
            bytes: bytes.into(),
            act,
        }
    }

    /// `act` when the server sends `bytes`.
    pub fn on_server(bytes: &str, act: Act) -> Self {
        Self {
            from: Side::Server,
            bytes: bytes.into(),
            act,
        }
    }
}

/// A proxy; cuts its connections when dropped.
pub struct Proxy {
    listener: Listener,
    plan: Arc<Plan>,
}

struct Plan {
    upstream: u16,
    tls: Tls,
    acceptor: Option<TlsAcceptor>,
    /// The rules that have not fired yet.
    rules: Mutex<Vec<Rule>>,
    connections: AtomicUsize,
    /// How many connections are still to be turned away, and how.
    turned_away: AtomicUsize,
    refusal: Option<(&'static str, &'static str)>,
}

impl Proxy {
    /// Passes everything on to the server on port `upstream`, and counts.
    pub fn start(upstream: u16) -> io::Result<Self> {
        Self::with_rules(upstream, Tls::Through, Vec::new())
    }

    /// With `tls` and `rules`.
    pub fn with_rules(upstream: u16, tls: Tls, rules: Vec<Rule>) -> io::Result<Self> {
        Self::run(upstream, tls, rules, 0, None)
    }

    /// Resets the first `count` connections at the client's first word.
    pub fn resetting_first(upstream: u16, count: usize) -> io::Result<Self> {
        Self::run(upstream, Tls::Through, Vec::new(), count, None)
    }

    /// Turns the first `count` connections away with this SQLSTATE and message, inside TLS if `tls` ends it here.
    pub fn refusing_first(
        upstream: u16,
        tls: Tls,
        count: usize,
        sqlstate: &'static str,
        message: &'static str,
    ) -> io::Result<Self> {
        Self::run(upstream, tls, Vec::new(), count, Some((sqlstate, message)))
    }

    fn run(
        upstream: u16,
        tls: Tls,
        rules: Vec<Rule>,
        turned_away: usize,
        refusal: Option<(&'static str, &'static str)>,
    ) -> io::Result<Self> {
        let acceptor = if let Tls::End(certificate) = &tls {
            Some(acceptor(certificate)?)
        } else {
            None
        };
        let plan = Arc::new(Plan {
            upstream,
            tls,
            acceptor,
            rules: Mutex::new(rules),
            connections: AtomicUsize::new(0),
            turned_away: AtomicUsize::new(turned_away),
            refusal,
        });
        let shared = Arc::clone(&plan);
        let listener = Listener::start(move |stream| serve(stream, Arc::clone(&shared)))?;
        Ok(Self { listener, plan })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// How many connections came so far.
    pub fn connections(&self) -> usize {
        self.plan.connections.load(Ordering::SeqCst)
    }

    /// How many rules have not fired yet.
    pub fn pending_rules(&self) -> usize {
        self.plan.rules().len()
    }

    /// Adds a rule, for connections that are open as well as for later ones.
    pub fn add(&self, rule: Rule) {
        self.plan.rules().push(rule);
    }
}

impl Plan {
    fn rules(&self) -> std::sync::MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the first rule whose bytes `side` has just sent.
    fn fire(&self, side: Side, window: &[u8]) -> Option<Rule> {
        let mut rules = self.rules();
        let seen = |rule: &Rule| {
            rule.from == side
                && window
                    .windows(rule.bytes.len().max(1))
                    .any(|bytes| bytes == rule.bytes)
        };
        let index = rules.iter().position(seen)?;
        Some(rules.remove(index))
    }

    fn turns_away(&self) -> bool {
        self.turned_away
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok()
    }
}

async fn serve(mut client: TcpStream, plan: Arc<Plan>) -> io::Result<()> {
    plan.connections.fetch_add(1, Ordering::SeqCst);
    let turned_away = plan.turns_away();
    if turned_away && plan.refusal.is_none() {
        // A reset instead of a farewell. One that came before the client's first word would meet some clients while they
        // still connect.
        client.peek(&mut [0]).await?;
        return client.set_zero_linger();
    }
    if matches!(plan.tls, Tls::Through) {
        return if turned_away {
            refuse(&mut client, &plan).await
        } else {
            pass_on(client, &[], &plan).await
        };
    }
    loop {
        match (wire::read_first(&mut client).await?, &plan.acceptor) {
            (wire::First::TlsRequest, Some(acceptor)) => {
                client.write_all(b"S").await?;
                let mut client = acceptor.accept(client).await?;
                return if turned_away {
                    refuse(&mut client, &plan).await
                } else {
                    pass_on(client, &[], &plan).await
                };
            }
            (wire::First::TlsRequest | wire::First::GssRequest, _) => client.write_all(b"N").await?,
            (wire::First::Startup(_), _) if turned_away => return answer_refusal(&mut client, &plan).await,
            (wire::First::Startup(packet), _) => return pass_on(client, &packet, &plan).await,
        }
    }
}

/// Waits for the startup packet, and turns the client away.
async fn refuse(client: &mut (impl AsyncRead + AsyncWrite + Unpin), plan: &Plan) -> io::Result<()> {
    wire::refuse_encryption(client).await?;
    answer_refusal(client, plan).await
}

async fn answer_refusal(client: &mut (impl AsyncWrite + Unpin), plan: &Plan) -> io::Result<()> {
    if let Some((sqlstate, message)) = plan.refusal {
        client.write_all(&wire::fatal(sqlstate, message)).await?;
    }
    client.shutdown().await
}

/// Passes both directions on until one of them ends or a rule cuts them; `read_already` goes to the server first.
async fn pass_on(client: impl AsyncRead + AsyncWrite, read_already: &[u8], plan: &Plan) -> io::Result<()> {
    let mut server = TcpStream::connect(local(plan.upstream)).await?;
    server.set_nodelay(true)?;
    server.write_all(read_already).await?;
    let (from_server, to_server) = server.into_split();
    let (from_client, to_client) = tokio::io::split(client);
    let last_word = AtomicBool::new(false);
    tokio::select! {
        outcome = pump(from_client, to_server, Side::Client, plan, &last_word) => outcome,
        outcome = pump(from_server, to_client, Side::Server, plan, &last_word) => outcome,
    }
}

/// Passes one direction on, and looks for the bytes of the rules. `last_word` is set when the other direction has had
/// its last word.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    side: Side,
    plan: &Plan,
    last_word: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    // What went by last: the bytes of a rule may come in two pieces.
    let mut window = Vec::new();
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        if last_word.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut chunk = Cow::Borrowed(&buffer[..count]);
        window.extend_from_slice(&chunk);
        while let Some(rule) = plan.fire(side, &window) {
            match rule.act {
                Act::CutBefore => return Ok(()),
                Act::CutAfter => {
                    last_word.store(true, Ordering::SeqCst);
                    to.write_all(&chunk).await?;
                    to.flush().await?;
                    return std::future::pending().await;
                }
                Act::Stall => std::future::pending().await,
                Act::Ask(query) => {
                    let asked = [statements_before(&chunk, &rule.bytes), query.as_bytes(), b"\0"];
                    chunk = wire::message(b'Q', &asked.concat()).into();
                }
                Act::Call(hook) => tokio::task::block_in_place(|| hook()),
                Act::Then(next) => plan.rules().push(*next),
            }
        }
        to.write_all(&chunk).await?;
        to.flush().await?;
        let longest = plan
            .rules()
            .iter()
            .map(|rule| rule.bytes.len())
            .max()
            .unwrap_or_default();
        window.drain(..window.len().saturating_sub(longest.max(1) - 1));
    }
}

/// What a query says before `bytes`, which may be no statement's beginning. Type and length are five bytes.
fn statements_before<'c>(chunk: &'c [u8], bytes: &[u8]) -> &'c [u8] {
    let found = chunk.windows(bytes.len()).position(|window| window == bytes);
    found.and_then(|found| chunk.get(5..found)).unwrap_or_default()
}

pub(super) fn acceptor(certificate: &ServerCertificate) -> io::Result<TlsAcceptor> {
    let chain =
        CertificateDer::from_pem_slice(certificate.certificate_pem.as_bytes()).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(io::Error::other)?.with_no_client_auth();
    let config = config
        .with_single_cert(vec![chain], key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
