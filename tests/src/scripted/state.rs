//! What the provider keeps, and what it answers.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::classes::Kind;
use super::wire::Request;

/// The admin's credential.
pub const ADMIN: &str = "adm-9Xk27qLw-0b81f2c7d4";
/// The OAuth client.
pub const CLIENT: &str = "client-17";

/// When the key that somebody made by hand was made.
const LONG_AGO: u64 = 1_600_000_000;

#[expect(clippy::disallowed_methods, reason = "a provider tells the time")]
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(LONG_AGO, |since| since.as_secs())
}

/// A key.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The provider's id.
    pub id: String,
    /// The name it was given.
    pub name: String,
    /// The credential.
    pub value: String,
    /// When it was made, in seconds since 1970.
    pub made: u64,
}

/// What the provider keeps.
pub struct State {
    pub(super) kind: Kind,
    /// The keys that work: of the classes with one value, the first, and the staged one.
    pub live: Vec<Issued>,
    /// How many checks of a key are refused before it is honoured.
    pub slow: usize,
    /// How a new key looks: `{}` is a number.
    pub pattern: String,
    /// Keys that are still listed, and do not work any more.
    pub expired: Vec<String>,
    /// In how many lists a key that was revoked is still found; until then it is accepted, too.
    pub linger: usize,
    /// Whether a key that was revoked is listed for ever.
    pub remembers: bool,
    gone: Vec<Issued>,
    /// Whether a key that is replaced goes on working, which it should not.
    pub keeps: bool,
    /// How many bytes of a new key's name are kept.
    pub longest_name: usize,
    /// How many of the next uploaded values are kept wrongly.
    pub garbled: usize,
    counter: usize,
    /// How often a staged value was promoted.
    pub promotions: usize,
    /// How often something was revoked that was there.
    pub revocations: usize,
}

impl State {
    pub(super) fn new(kind: Kind, first: &str) -> Self {
        let first = Issued {
            id: "k0".to_owned(),
            name: "made by hand".to_owned(),
            value: first.to_owned(),
            made: LONG_AGO,
        };
        Self {
            kind,
            live: vec![first],
            slow: 0,
            pattern: "issued-key-{}-9f86d081884c7d65".to_owned(),
            expired: Vec::new(),
            linger: 0,
            remembers: false,
            gone: Vec::new(),
            keeps: false,
            longest_name: usize::MAX,
            garbled: 0,
            counter: 0,
            promotions: 0,
            revocations: 0,
        }
    }

    /// Whether a key works.
    pub fn accepts(&self, key: &str) -> bool {
        let expired = self.expired.iter().any(|value| value == key);
        !expired && self.live.iter().any(|issued| issued.value == key)
    }

    /// The credentials that work.
    pub fn values(&self) -> Vec<String> {
        self.live.iter().map(|issued| issued.value.clone()).collect()
    }

    fn issue(&mut self, name: &str) -> Issued {
        self.counter += 1;
        Issued {
            id: format!("k{}", self.counter),
            name: name.chars().take(self.longest_name).collect(),
            value: self.pattern.replace("{}", &self.counter.to_string()),
            made: now(),
        }
    }

    fn is_admin(request: &Request) -> bool {
        request.bearer() == ADMIN
    }

    pub(super) fn answer(&mut self, request: &Request) -> (u16, String) {
        let shape = request.shape();
        let answer = match (self.kind, shape.as_str()) {
            (_, "GET /whoami") => self.whoami(request),
            (_, "POST /token") => Ok(self.token(request)),
            (_, "GET /admin") if Self::is_admin(request) => Ok((200, "{}".to_owned())),
            (_, "GET /admin") => Err(401),
            (Kind::Overlap, shape) => self.overlap(shape, request),
            (Kind::InPlace, shape) => self.in_place(shape, request),
            (Kind::Staged, shape) => self.staged(shape, request),
            (Kind::Chosen, shape) => self.chosen(shape, request),
        };
        answer.unwrap_or_else(|status| (status, json!({"message": "no", "status": status}).to_string()))
    }

    fn whoami(&mut self, request: &Request) -> Result<(u16, String), u16> {
        let lingers = self.linger > 0 && self.gone.iter().any(|gone| gone.value == request.bearer());
        if !lingers && !self.accepts(request.bearer()) {
            return Err(401);
        }
        // A new key is not known everywhere at once; the one made by hand is.
        if self.slow > 0
            && self
                .live
                .first()
                .is_none_or(|first| first.value != request.bearer())
        {
            self.slow -= 1;
            return Err(401);
        }
        let key = self.live.iter().find(|issued| issued.value == request.bearer());
        let id = key.map(|key| key.id.as_str());
        Ok((200, json!({"ok": true, "id": id}).to_string()))
    }

    fn token(&self, request: &Request) -> (u16, String) {
        let right = self.live.iter().any(|issued| {
            use base64::Engine as _;
            // RFC 6749, section 2.3.1: both halves are form-encoded.
            let pair = format!("{CLIENT}:{}", form_encoded(&issued.value));
            let expected = base64::engine::general_purpose::STANDARD.encode(pair);
            request.header("authorization") == format!("Basic {expected}")
        });
        if right && request.body.contains("grant_type=client_credentials") {
            (
                200,
                r#"{"access_token":"minted-token-5f1d2e3c4b","token_type":"bearer"}"#.to_owned(),
            )
        } else {
            (401, r#"{"error":"invalid_client"}"#.to_owned())
        }
    }

    fn overlap(&mut self, shape: &str, request: &Request) -> Result<(u16, String), u16> {
        if !Self::is_admin(request) {
            return Err(401);
        }
        match shape {
            "POST /keys" => {
                let name = request.json()["name"].as_str().ok_or(400_u16)?.to_owned();
                let issued = self.issue(&name);
                self.live.push(issued.clone());
                let body = json!({"data": {"id": issued.id, "key": issued.value}});
                Ok((201, body.to_string()))
            }
            "GET /keys" => {
                if self.linger == 0 && !self.remembers {
                    self.gone.clear();
                }
                self.linger = self.linger.saturating_sub(1);
                let keys: Vec<_> = self
                    .live
                    .iter()
                    .chain(&self.gone)
                    .map(|key| json!({"id": key.id, "name": key.name, "made": key.made}))
                    .collect();
                Ok((200, json!({"keys": keys}).to_string()))
            }
            "DELETE /keys/*" => {
                let id = request.target.trim_start_matches("/keys/");
                let Some(at) = self.live.iter().position(|key| key.id == id) else {
                    return Err(404);
                };
                let gone = self.live.remove(at);
                self.gone.push(gone);
                self.revocations += 1;
                Ok((204, String::new()))
            }
            _ => Err(404),
        }
    }

    fn in_place(&mut self, shape: &str, request: &Request) -> Result<(u16, String), u16> {
        let allowed = match shape {
            "POST /self/roll" => self.accepts(request.bearer()),
            "POST /roll" => Self::is_admin(request),
            _ => return Err(404),
        };
        if !allowed {
            return Err(401);
        }
        let issued = self.issue("rolled");
        if !self.keeps {
            self.live.clear();
        }
        self.live.push(issued.clone());
        Ok((200, json!({"token": issued.value}).to_string()))
    }

    fn staged(&mut self, shape: &str, request: &Request) -> Result<(u16, String), u16> {
        if !Self::is_admin(request) && !self.accepts(request.bearer()) {
            return Err(401);
        }
        match shape {
            "POST /secondary" if self.live.len() > 1 => Err(409),
            "POST /secondary" => {
                let issued = self.issue("secondary");
                self.live.push(issued.clone());
                Ok((
                    201,
                    json!({"secondary": issued.value, "id": issued.id}).to_string(),
                ))
            }
            "DELETE /secondary" if self.live.len() > 1 => {
                self.live.truncate(1);
                Ok((204, String::new()))
            }
            "POST /promote" if self.live.len() > 1 => {
                if !self.keeps {
                    self.live.remove(0);
                }
                self.promotions += 1;
                Ok((200, "{}".to_owned()))
            }
            _ => Err(404),
        }
    }

    fn chosen(&mut self, shape: &str, request: &Request) -> Result<(u16, String), u16> {
        if shape != "PUT /secret" {
            return Err(404);
        }
        if !Self::is_admin(request) && !self.accepts(request.bearer()) {
            return Err(401);
        }
        let mut value = request.json()["secret"].as_str().ok_or(400_u16)?.to_owned();
        if self.garbled > 0 {
            self.garbled -= 1;
            value.truncate(8);
        }
        if !self.keeps {
            self.live.clear();
        }
        self.live.push(Issued {
            id: "k0".to_owned(),
            name: "chosen".to_owned(),
            value,
            made: now(),
        });
        Ok((204, String::new()))
    }
}

fn form_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}
