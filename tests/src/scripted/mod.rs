//! A provider of API keys that is real enough for every class, and that behaves as badly as it is told.
//!
//! It keeps its keys, so that what a crash loses is there to be counted. Each request may meet a [`Trick`], before or
//! after it is carried out.

mod classes;
mod state;
mod wire;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use classes::Kind;
pub use state::{ADMIN, CLIENT, Issued, State};
pub(crate) use wire::read;
pub use wire::{Request, answer};

/// What happens to a request.
#[derive(Clone)]
pub enum Trick {
    /// Something is called before it is carried out, such as a kill switch.
    Before(Arc<dyn Fn() + Send + Sync>),
    /// Something is called after it was carried out; no answer is sent.
    After(Arc<dyn Fn() + Send + Sync>),
    /// Something is called, and then it is carried out and answered.
    Meanwhile(Arc<dyn Fn() + Send + Sync>),
    /// It is carried out, and the answer is lost.
    LoseAnswer,
    /// It is not carried out; the connection is closed.
    LoseRequest,
    /// It is not carried out; this is the answer, byte for byte.
    Say(Vec<u8>),
    /// It is carried out, and this is the answer, byte for byte.
    SayAfter(Vec<u8>),
    /// It is not carried out, and nothing is ever said.
    Silence,
    /// It is carried out, and the answer never ends.
    Endless,
}

struct Rule {
    concerns: Box<dyn Fn(&Request) -> bool + Send>,
    skip: usize,
    times: usize,
    trick: Trick,
}

struct Shared {
    state: Mutex<State>,
    rules: Mutex<Vec<Rule>>,
    log: Mutex<Vec<Request>>,
}

/// A provider that listens until it is dropped.
pub struct Provider {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Provider {
    /// Starts one with this key, which was made by hand.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn start(kind: Kind, first: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(kind, first)),
            rules: Mutex::default(),
            log: Mutex::default(),
        });
        let weak = Arc::downgrade(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(shared) = weak.upgrade() else { return };
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        Ok(Self { shared, address })
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it keeps.
    pub fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a key works.
    pub fn accepts(&self, key: &str) -> bool {
        self.state(|state| state.accepts(key))
    }

    /// The requests so far, as `METHOD /path` without ids.
    pub fn calls(&self) -> Vec<String> {
        let log = self.shared.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().map(Request::shape).collect()
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// The next `times` requests of this shape, such as `POST /keys`, meet the trick, but for the first `skip`.
    pub fn play(&self, shape: &str, skip: usize, times: usize, trick: Trick) {
        let shape = shape.to_owned();
        let concerns = move |request: &Request| request.shape() == shape;
        let rule = Rule {
            concerns: Box::new(concerns),
            skip,
            times,
            trick,
        };
        self.shared
            .rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(rule);
    }

    /// How many tricks are still to be played.
    pub fn left(&self) -> usize {
        let rules = self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().filter(|rule| rule.times > 0).count()
    }

    /// No more tricks.
    pub fn behave(&self) {
        self.shared
            .rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Drop for Provider {
    /// Wakes the thread that listens, which then sees that it is over.
    fn drop(&mut self) {
        let address = self.address;
        self.shared = Arc::new(Shared {
            state: Mutex::new(State::new(Kind::Overlap, "")),
            rules: Mutex::default(),
            log: Mutex::default(),
        });
        let _ = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1));
    }
}

impl Shared {
    fn trick_for(&self, request: &Request) -> Option<Trick> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = rules
            .iter_mut()
            .find(|rule| rule.times > 0 && (rule.concerns)(request))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times -= 1;
        Some(rule.trick.clone())
    }

    fn carry_out(&self, request: &Request) -> Vec<u8> {
        let (status, body) = self
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answer(request);
        wire::answer(status, &body)
    }
}

fn serve(shared: &Shared, mut stream: std::net::TcpStream) {
    let Some(request) = wire::read(&mut stream) else {
        return;
    };
    shared
        .log
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request.clone());
    let answer = match shared.trick_for(&request) {
        None => shared.carry_out(&request),
        Some(Trick::Before(call)) => {
            call();
            return;
        }
        Some(Trick::Meanwhile(call)) => {
            call();
            shared.carry_out(&request)
        }
        Some(Trick::After(call)) => {
            shared.carry_out(&request);
            call();
            return;
        }
        Some(Trick::LoseAnswer) => {
            shared.carry_out(&request);
            return;
        }
        Some(Trick::LoseRequest) => return,
        Some(Trick::Say(answer)) => answer,
        Some(Trick::SayAfter(answer)) => {
            shared.carry_out(&request);
            answer
        }
        Some(Trick::Silence) => return wire::be_silent(&mut stream),
        Some(Trick::Endless) => {
            shared.carry_out(&request);
            return wire::never_end(&mut stream);
        }
    };
    wire::send(&mut stream, &answer);
}
