//! A proxy that can tell the exchanges of a PostgreSQL session apart, and ends a connection at a chosen one.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Listener, local};

/// What a client sends at once, and the server's answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exchange {
    /// The connection, from 1.
    pub connection: usize,
    /// What the client sends: `startup`, `sasl`, or the first words of the statement.
    pub what: String,
    /// The how-manieth of these in the connection, from 1.
    pub nth: usize,
}

/// On which side of the server's work a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The server never gets what the client sent.
    Before,
    /// The server has done its work, and the client never gets the answer.
    After,
}

type Hook = Arc<dyn Fn() + Send + Sync>;

struct Armed {
    exchange: Exchange,
    when: When,
    hook: Hook,
}

#[derive(Default)]
struct State {
    connections: usize,
    seen: Vec<Exchange>,
    armed: Option<Armed>,
}

/// A proxy for connections without TLS; cuts them when dropped.
pub struct Exchanges {
    listener: Listener,
    state: Arc<Mutex<State>>,
}

impl Exchanges {
    /// In front of the server on port `upstream`.
    pub fn start(upstream: u16) -> io::Result<Self> {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let listener = Listener::start(move |client| serve(client, upstream, Arc::clone(&shared)))?;
        Ok(Self { listener, state })
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// The exchanges since the last call. Counts connections from 1 again.
    pub fn take(&self) -> Vec<Exchange> {
        let mut state = lock(&self.state);
        state.connections = 0;
        std::mem::take(&mut state.seen)
    }

    /// Calls `hook` at this exchange, counted from now on, and then cuts the connection.
    pub fn arm(&self, exchange: Exchange, when: When, hook: impl Fn() + Send + Sync + 'static) {
        self.take();
        lock(&self.state).armed = Some(Armed {
            exchange,
            when,
            hook: Arc::new(hook),
        });
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Notes an exchange. Answers with what is to happen at it, once.
    fn meet(&mut self, exchange: Exchange) -> Option<Armed> {
        let armed = self.armed.take_if(|armed| armed.exchange == exchange);
        self.seen.push(exchange);
        armed
    }
}

async fn serve(mut client: TcpStream, upstream: u16, state: Arc<Mutex<State>>) -> io::Result<()> {
    let mut server = TcpStream::connect(local(upstream)).await?;
    server.set_nodelay(true)?;
    let connection = {
        let mut state = lock(&state);
        state.connections += 1;
        state.connections
    };
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut at_the_answer: Option<Hook> = None;
    let (mut sent, mut said) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            // A client waits for each answer, so that what it sends at once is what is read at once.
            count = client.read(&mut sent) => {
                let bytes = &sent[..count?];
                if bytes.is_empty() {
                    return Ok(());
                }
                let what = name_of(bytes);
                let nth = counts.entry(what.clone()).or_default();
                *nth += 1;
                let exchange = Exchange { connection, what, nth: *nth };
                let armed = lock(&state).meet(exchange);
                match armed {
                    Some(Armed { when: When::Before, hook, .. }) => return call(hook).await,
                    Some(Armed { when: When::After, hook, .. }) => at_the_answer = Some(hook),
                    None => {}
                }
                server.write_all(bytes).await?;
            }
            count = server.read(&mut said) => {
                let count = count?;
                if let Some(hook) = at_the_answer {
                    return call(hook).await;
                }
                if count == 0 {
                    return Ok(());
                }
                client.write_all(&said[..count]).await?;
            }
        }
    }
}

/// A hook may block: for a process to be gone, or for somebody else to do something first.
async fn call(hook: Hook) -> io::Result<()> {
    tokio::task::spawn_blocking(move || hook())
        .await
        .map_err(io::Error::other)
}

/// What a client sends, in a word. A startup packet alone has no type in front, but a length whose first byte is zero.
fn name_of(bytes: &[u8]) -> String {
    let text = |from: usize| String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned();
    match bytes[0] {
        0 => "startup".to_owned(),
        b'p' => "sasl".to_owned(),
        b'X' => "goodbye".to_owned(),
        b'Q' => statement(&text(5)),
        kind => format!("message-{}", char::from(kind)),
    }
}

/// The first words of a statement: `ALTER-ROLE`, `SELECT-session_user`. Names of roles are another's in every world, and left out.
fn statement(text: &str) -> String {
    let mut words = text
        .split(|c: char| !c.is_ascii_alphabetic() && c != '_')
        .filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let is_keyword = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase());
    match words.next().filter(|word| is_keyword(word) || first == "SELECT") {
        Some(second) => format!("{first}-{second}"),
        None => first.to_owned(),
    }
}
