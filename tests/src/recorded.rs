//! A provider that answers as its documentation shows, and keeps what it was asked.
//!
//! A [`Recording`] is a file of exchanges: a request, and the answers that it gets, one after the other, the last one again
//! and again. A request that was not recorded is answered with 501 and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What stands for the URL at which a recording is played.
const BASE: &str = "<base>";

/// What is known of a provider, and what a secret of it goes through.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// What the function is told of parameters.
    pub parameters: BTreeMap<String, String>,
    /// The admin's credential, if there is one: a text, or a document.
    pub admin: Option<Value>,
    /// The secret as it was: a text, or a document.
    pub secret: Value,
    /// What may be asked.
    pub exchanges: Vec<Exchange>,
    /// The secret after each rotation.
    pub rotated: Vec<Value>,
}

/// A request, and its answers. In what is sent, `<name>` is a new key's name, `<new>` a new key that we choose, `<date>` a
/// day, and `<moment>` a day and a time. In answers, `<name 2>` is the second such name that came, and `<new>` the last such key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// `METHOD /path?query`.
    pub request: String,
    /// Headers that it must have.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The JSON that it must send.
    pub json: Option<Value>,
    /// The form that it must send.
    pub form: Option<BTreeMap<String, String>>,
    /// How often it may be asked; if not set, any number of times. Another exchange may go on with the same request.
    pub times: Option<usize>,
    /// The status of the answers.
    pub status: u16,
    /// Their JSON; none for answers without content.
    #[serde(default)]
    pub answers: Vec<Value>,
}

impl Recording {
    /// Reads one, to be played at `base`.
    ///
    /// # Errors
    /// If it is not a recording.
    pub fn parse(text: &str, base: &str) -> serde_json::Result<Self> {
        serde_json::from_str(&text.replace(BASE, base))
    }
}

/// Where answers have keys, as JSON pointers: of a new key its value and id, and in a list the keys, and of each id and name.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// A new key.
    pub value: String,
    /// Its id.
    pub id: String,
    /// The keys of a list.
    pub keys: String,
    /// The id of one.
    pub listed_id: String,
    /// Its name, if it has one.
    pub listed_name: Option<String>,
    /// How many there are on all pages, if the answer says so.
    pub total: Option<String>,
}

impl Places {
    /// Whether an answer is a list of keys: each has an id, and a name where keys have one.
    fn is_list(&self, answer: &Value) -> bool {
        let places = [Some(&self.listed_id), self.listed_name.as_ref()];
        let is_key = |key: &Value| {
            places
                .into_iter()
                .flatten()
                .all(|place| key.pointer(place).is_some())
        };
        let keys = answer.pointer(&self.keys).and_then(Value::as_array);
        keys.is_some_and(|keys| keys.iter().all(is_key))
    }

    /// The id of the key that an answer has, if the key was made by this request, and is not what the request is about.
    fn made(&self, request: &str, answer: &Value) -> Option<String> {
        if self.is_list(answer) {
            return None;
        }
        answer.pointer(&self.value)?;
        let id = answer.pointer(&self.id).map(text_of)?;
        (!request.contains(&id)).then_some(id)
    }
}

/// A recording that is being played.
pub struct Played {
    base: String,
    state: Arc<Mutex<Play>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Play {
    exchanges: Vec<(Exchange, usize)>,
    places: Option<Places>,
    /// The ids of keys that were made, and that were revoked.
    made: Vec<String>,
    gone: Vec<String>,
    names: Vec<String>,
    /// The keys that we chose, the last one at the end.
    chosen: Vec<String>,
    unexpected: Vec<String>,
}

impl Played {
    /// Starts a server that knows no exchange yet.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let state = Arc::new(Mutex::new(Play::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            // It ends with the runtime.
            let _ = axum::serve(listener, router).await;
        });
        Self {
            base: format!("http://{address}"),
            state,
            server,
        }
    }

    /// Where it listens.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Begins to play. With `places`, lists have the keys that there are: of those that were recorded, and of new ones.
    pub fn play(&self, recording: &Recording, places: Option<Places>) {
        let mut play = lock(&self.state);
        play.places = places;
        let exchanges = recording.exchanges.iter().cloned();
        play.exchanges = exchanges.map(|exchange| (exchange, 0)).collect();
    }

    /// What was asked and had not been recorded.
    pub fn unexpected(&self) -> Vec<String> {
        lock(&self.state).unexpected.clone()
    }

    /// What was recorded and not asked.
    pub fn unasked(&self) -> Vec<String> {
        let play = lock(&self.state);
        let unasked = play.exchanges.iter().filter(|(_, times)| *times == 0);
        unasked.map(|(exchange, _)| format!("{exchange:?}")).collect()
    }

    /// The name of the key that was asked for last.
    pub fn last_name(&self) -> Option<String> {
        lock(&self.state).names.last().cloned()
    }

    /// `value` with what has come in for its placeholders.
    pub fn filled(&self, value: &Value) -> Value {
        lock(&self.state).filled(value)
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Mutex<Play>) -> std::sync::MutexGuard<'_, Play> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request as it came in.
struct Asked {
    line: String,
    headers: HeaderMap,
    body: String,
}

async fn answer(
    State(state): State<Arc<Mutex<Play>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse + use<> {
    let asked = Asked {
        line: format!("{method} {uri}"),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let (status, body) = lock(&state).answer(&asked);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_IMPLEMENTED);
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (
        status,
        content_type,
        body.map(|body| body.to_string()).unwrap_or_default(),
    )
}

impl Play {
    fn answer(&mut self, asked: &Asked) -> (u16, Option<Value>) {
        let may = |(exchange, times): &(Exchange, usize)| {
            exchange.times.is_none_or(|limit| *times < limit) && exchange.is(asked)
        };
        let found = self.exchanges.iter().position(may);
        let Some(index) = found else {
            let kept = format!("{} {:?} {}", asked.line, asked.headers, asked.body);
            self.unexpected.push(kept);
            return (501, None);
        };
        let (exchange, times) = self.exchanges[index].clone();
        self.exchanges[index].1 += 1;
        self.keep(&exchange, asked);
        // One that we chose before is refused, once there is another.
        let old = self.chosen.iter().rev().skip(1);
        if asked
            .form()
            .values()
            .any(|sent| old.clone().any(|old| old == sent))
        {
            return (401, Some(serde_json::json!({"error": "access_denied"})));
        }
        let mut answer = exchange.answers.get(times).or(exchange.answers.last()).cloned();
        if let (Some(places), 200..300) = (self.places.clone(), exchange.status) {
            self.follow(&places, asked, index, answer.as_mut());
        }
        (exchange.status, answer.map(|answer| self.filled(&answer)))
    }

    /// Keeps which keys were made and revoked, and lets a list have those that there are.
    fn follow(&mut self, places: &Places, asked: &Asked, index: usize, answer: Option<&mut Value>) {
        if let Some(answer) = answer {
            if let Some(id) = places.made(&asked.line, answer) {
                self.made.push(id);
                return;
            }
            if places.is_list(answer) {
                let pages = self
                    .exchanges
                    .iter()
                    .map(|(exchange, _)| self.listed(places, exchange).len());
                let total: usize = pages.sum();
                let listed = self.listed(places, &self.exchanges[index].0);
                if let Some(keys) = answer.pointer_mut(&places.keys) {
                    *keys = Value::Array(listed);
                }
                if let Some(counted) = places.total.as_ref().and_then(|place| answer.pointer_mut(place)) {
                    *counted = total.into();
                }
                return;
            }
        }
        if !asked.line.starts_with("GET ") {
            let path = asked
                .line
                .split(['/', '?'])
                .map(|part| decoded(part).trim_end_matches(".json").to_owned());
            let sent = asked.body.split(['"', '\\']).map(str::to_owned);
            self.gone.extend(path.chain(sent));
        }
    }

    /// The keys that a recorded list has at the moment. One that was made and stands in no list is like the last that does.
    fn listed(&self, places: &Places, exchange: &Exchange) -> Vec<Value> {
        let id_of = |key: &Value| key.pointer(&places.listed_id).map(text_of).unwrap_or_default();
        let made_ever = |key: &Value| {
            let mut exchanges = self.exchanges.iter().map(|(exchange, _)| exchange);
            exchanges.any(|exchange| {
                let mut made = exchange
                    .answers
                    .iter()
                    .filter_map(|answer| places.made(&exchange.request, answer));
                made.any(|id| id == id_of(key))
            })
        };
        let mut listed: Vec<Value> = Vec::new();
        for key in exchange
            .answers
            .iter()
            .filter_map(|answer| answer.pointer(&places.keys)?.as_array())
            .flatten()
        {
            if !listed.iter().any(|known| id_of(known) == id_of(key)) {
                listed.push(key.clone());
            }
        }
        if let Some(last) = listed.iter().rfind(|key| made_ever(key)).cloned() {
            for (number, id) in self.made.iter().enumerate() {
                if listed.iter().any(|key| id_of(key) == *id) {
                    continue;
                }
                let mut key = last.clone();
                if let Some(place) = key.pointer_mut(&places.listed_id) {
                    *place = if place.is_number() {
                        serde_json::from_str(id).unwrap_or_default()
                    } else {
                        id.as_str().into()
                    };
                }
                if let Some(place) = places
                    .listed_name
                    .as_ref()
                    .and_then(|place| key.pointer_mut(place))
                {
                    *place = format!("<name {}>", number + 1).into();
                }
                listed.push(key);
            }
        }
        listed.retain(|key| {
            let id = id_of(key);
            !self.gone.contains(&id) && (!made_ever(key) || self.made.contains(&id))
        });
        listed
    }

    /// Keeps what stands where the recording has placeholders.
    fn keep(&mut self, exchange: &Exchange, asked: &Asked) {
        let form: BTreeMap<String, Value> = asked
            .form()
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        let sent = serde_json::from_str(&asked.body).unwrap_or_else(|_| Value::from_iter(form));
        let recorded = exchange.form.as_ref().map(|form| serde_json::json!(form));
        let recorded = exchange.json.clone().or(recorded).unwrap_or_default();
        placeholders(&recorded, &sent, &mut |placeholder, value| match placeholder {
            "<name>" => self.names.push(value.to_owned()),
            "<new>" if !self.chosen.iter().any(|known| known == value) => self.chosen.push(value.to_owned()),
            _ => {}
        });
    }

    fn filled(&self, value: &Value) -> Value {
        let mut text = value.to_string();
        for (index, name) in self.names.iter().enumerate() {
            text = text.replace(&format!("<name {}>", index + 1), name);
        }
        let chosen = Value::from(self.chosen.last().map_or("", String::as_str)).to_string();
        text = text.replace("\"<new>\"", &chosen);
        serde_json::from_str(&text).expect("names need no escapes")
    }
}

impl Asked {
    fn form(&self) -> BTreeMap<String, String> {
        let pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect()
    }
}

impl Exchange {
    fn is(&self, asked: &Asked) -> bool {
        let has = |(name, value): (&String, &String)| {
            asked
                .headers
                .get(name)
                .is_some_and(|found| found.as_bytes() == value.as_bytes())
        };
        let body = match (&self.json, &self.form) {
            (Some(json), _) => {
                serde_json::from_str(&asked.body).is_ok_and(|sent| is_like(json, &sent))
                    && asked.says("application/json")
            }
            (None, Some(form)) => {
                is_like(&serde_json::json!(form), &serde_json::json!(asked.form()))
                    && asked.says("application/x-www-form-urlencoded")
            }
            (None, None) => asked.body.is_empty(),
        };
        self.request == asked.line && self.headers.iter().all(has) && body
    }
}

impl Asked {
    fn says(&self, content_type: &str) -> bool {
        let found = self.headers.get(header::CONTENT_TYPE);
        found.is_some_and(|found| found.as_bytes().starts_with(content_type.as_bytes()))
    }
}

/// Whether `sent` is what was recorded, with anything fitting in place of placeholders.
fn is_like(recorded: &Value, sent: &Value) -> bool {
    match (recorded, sent) {
        (Value::String(recorded), Value::String(sent)) => match recorded.as_str() {
            "<name>" => sent.contains("keywheel-"),
            "<new>" => sent.len() >= 16,
            "<date>" => sent.len() == 10 && sent.bytes().filter(|byte| *byte == b'-').count() == 2,
            "<moment>" => sent.len() == 20 && sent.ends_with('Z'),
            recorded => recorded == sent,
        },
        (Value::Array(recorded), Value::Array(sent)) => {
            recorded.len() == sent.len()
                && recorded
                    .iter()
                    .zip(sent)
                    .all(|(recorded, sent)| is_like(recorded, sent))
        }
        (Value::Object(recorded), Value::Object(sent)) => {
            let like = |(name, recorded): (&String, &Value)| {
                sent.get(name).is_some_and(|sent| is_like(recorded, sent))
            };
            recorded.len() == sent.len() && recorded.iter().all(like)
        }
        (recorded, sent) => recorded == sent,
    }
}

/// A text, or a number as it is written.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Tells `found` of each placeholder and what was sent in its place.
fn placeholders(recorded: &Value, sent: &Value, found: &mut impl FnMut(&str, &str)) {
    match (recorded, sent) {
        (Value::String(recorded), Value::String(sent)) if recorded.starts_with('<') => found(recorded, sent),
        (Value::Array(recorded), Value::Array(sent)) => {
            for (recorded, sent) in recorded.iter().zip(sent) {
                placeholders(recorded, sent, found);
            }
        }
        (Value::Object(recorded), Value::Object(sent)) => {
            for (name, recorded) in recorded {
                placeholders(recorded, sent.get(name).unwrap_or(&Value::Null), found);
            }
        }
        _ => {}
    }
}

/// A name or value of a form.
fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}
