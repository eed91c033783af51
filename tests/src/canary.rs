//! Looks for secrets where none may be, in every spelling in which a secret is known to travel.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// So many characters of a secret in a row are a leak, wherever the text was cut.
const FRAGMENT: usize = 10;

/// Secrets by name, to be looked for.
#[derive(Default)]
pub struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    /// One more secret to look for; the name is what a finding is reported by.
    ///
    /// # Panics
    ///
    /// If the secret is so short that it would be found by chance.
    #[must_use]
    pub fn and(mut self, name: &'static str, secret: &str) -> Self {
        assert!(
            secret.chars().count() >= FRAGMENT,
            "the {name} is too short to be looked for"
        );
        self.0.push((name, secret.to_owned()));
        self
    }

    /// Which secrets are in `text`, and how they are spelled there; never the secrets themselves.
    pub fn found_in(&self, text: &str) -> Vec<String> {
        let found = self.0.iter().flat_map(|(name, secret)| {
            let spellings = spellings(secret)
                .into_iter()
                .filter(|(_, spelling)| contains(text, spelling));
            spellings.map(move |(how, _)| format!("the {name}, {how}"))
        });
        found.collect()
    }

    /// Fails if one of the secrets is in `text`; `place` says where the text is from.
    ///
    /// # Panics
    ///
    /// If there is one.
    #[track_caller]
    pub fn absent_from(&self, place: &str, text: &str) {
        let found = self.found_in(text);
        assert!(found.is_empty(), "{place} has {}", found.join("; "));
    }
}

/// Hexadecimal digits and percent signs are written in either case.
fn contains(text: &str, spelling: &Spelling) -> bool {
    match spelling {
        Spelling::Exact(needle) => text.contains(needle),
        Spelling::AnyCase(needle) => text.to_ascii_lowercase().contains(needle),
        Spelling::Fragment(whole) => {
            let chars: Vec<char> = whole.chars().collect();
            chars
                .windows(FRAGMENT)
                .any(|window| text.contains(&window.iter().collect::<String>()))
        }
    }
}

enum Spelling {
    Exact(String),
    /// In lower case.
    AnyCase(String),
    Fragment(String),
}

fn spellings(secret: &str) -> Vec<(&'static str, Spelling)> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let twice = serde_json::Value::from(json.as_str()).to_string();
    let twice = twice[1..twice.len() - 1].to_owned();
    let mut spellings = vec![
        (
            "as it is, or a piece of it",
            Spelling::Fragment(secret.to_owned()),
        ),
        ("escaped for JSON", Spelling::Fragment(json)),
        ("escaped for JSON twice", Spelling::Fragment(twice)),
        ("quoted for SQL", Spelling::Fragment(secret.replace('\'', "''"))),
        (
            "percent-encoded",
            Spelling::AnyCase(percent_encoded(secret, |b| b.is_ascii_alphanumeric())),
        ),
        (
            "percent-encoded where a URL needs it",
            Spelling::AnyCase(percent_encoded(secret, |b| {
                b.is_ascii_alphanumeric() || b"-._~".contains(&b)
            })),
        ),
        ("in hexadecimal", Spelling::AnyCase(hexadecimal(secret))),
        (
            "as a list of bytes",
            Spelling::Exact(list(secret, |byte| byte.to_string())),
        ),
        (
            "as a list of bytes in hexadecimal",
            Spelling::AnyCase(list(secret, |byte| format!("0x{byte:02x}"))),
        ),
    ];
    for shift in 0..3 {
        let encoded = base64_within(secret.as_bytes(), shift);
        let for_urls = encoded.replace('+', "-").replace('/', "_");
        spellings.push(("in base64", Spelling::Exact(encoded)));
        spellings.push(("in base64 for URLs", Spelling::Exact(for_urls)));
    }
    spellings
}

fn percent_encoded(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02x}").expect("a String takes any text");
        }
    }
    encoded.to_ascii_lowercase()
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").expect("a String takes any text");
        digits
    })
}

/// As Rust's `Debug` prints bytes.
fn list(text: &str, byte: impl Fn(u8) -> String) -> String {
    text.bytes().map(byte).collect::<Vec<_>>().join(", ")
}

/// What is the same in the base64 of every text that has `bytes` at a place of remainder `shift` by three: the
/// letters that hold bits of the neighbours are left out.
fn base64_within(bytes: &[u8], shift: usize) -> String {
    let padded: Vec<u8> = [&vec![0; shift], bytes].concat();
    let encoded = STANDARD.encode(&padded);
    let begin = [0, 2, 3][shift];
    let end = padded.len() * 8 / 6;
    encoded[begin..end].to_owned()
}
