//! A proxy that can tell the exchanges of a PostgreSQL session apart, and ends a connection at a chosen one.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Listener, local};

/// A message of a client, and the server's answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exchange {
    /// The connection, from 1 in the order of their first messages.
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
    /// The number of another connection.
    fn connect(&mut self) -> usize {
        self.connections += 1;
        self.connections
    }

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
    // A connection has its number from its first message: several that are opened at once come in any order.
    let mut connection = None;
    let mut counts: HashMap<String, usize> = HashMap::new();
    // Queries without an answer, of which several may be under way.
    let mut asked = 0;
    // What is to happen, once so many answers have gone by.
    let mut at_the_answer: Option<(usize, Hook)> = None;
    let (mut sent, mut said) = (Messages::of_a_client(), Messages::of_a_server());
    loop {
        tokio::select! {
            count = client.read_buf(&mut sent.bytes) => {
                if count? == 0 {
                    return Ok(());
                }
                // One by one: what a client sends at once comes in one piece, or in several.
                while let Some(message) = sent.next() {
                    let connection = *connection.get_or_insert_with(|| lock(&state).connect());
                    let what = name_of(&message);
                    let nth = counts.entry(what.clone()).or_default();
                    *nth += 1;
                    let exchange = Exchange { connection, what, nth: *nth };
                    let armed = lock(&state).meet(exchange);
                    match armed {
                        Some(Armed { when: When::Before, hook, .. }) => return call(hook).await,
                        Some(Armed { when: When::After, hook, .. }) => at_the_answer = Some((asked, hook)),
                        None => {}
                    }
                    asked += usize::from(message[0] == b'Q');
                    server.write_all(&message).await?;
                }
            }
            count = server.read_buf(&mut said.bytes) => {
                let count = count?;
                while let Some(message) = said.next() {
                    if let Some((0, hook)) = at_the_answer {
                        return call(hook).await;
                    }
                    if message[0] == READY {
                        asked = asked.saturating_sub(1);
                        at_the_answer = at_the_answer.map(|(before, hook)| (before.saturating_sub(1), hook));
                    }
                    client.write_all(&message).await?;
                }
                if count == 0 {
                    return match at_the_answer {
                        Some((_, hook)) => call(hook).await,
                        None => Ok(()),
                    };
                }
            }
        }
    }
}

/// `ReadyForQuery`, which ends the answer to a query, and a login.
const READY: u8 = b'Z';

/// The messages of one side. Each has a length, and before it a type, which only a startup packet has not.
struct Messages {
    bytes: Vec<u8>,
    /// In front of the next length.
    type_length: usize,
}

impl Messages {
    fn of_a_client() -> Self {
        Self {
            bytes: Vec::new(),
            type_length: 0,
        }
    }

    fn of_a_server() -> Self {
        Self {
            type_length: 1,
            ..Self::of_a_client()
        }
    }

    /// The next one, if it is complete.
    fn next(&mut self) -> Option<Vec<u8>> {
        let length = self.bytes.get(self.type_length..self.type_length + 4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize + self.type_length;
        if self.bytes.len() < length {
            return None;
        }
        self.type_length = 1;
        let rest = self.bytes.split_off(length);
        Some(std::mem::replace(&mut self.bytes, rest))
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
