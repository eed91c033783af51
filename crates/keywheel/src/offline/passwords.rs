//! `keywheel password`: what a password policy gives. The only command that prints a password; nothing uses it yet.

use std::collections::BTreeMap;

use password::Policy;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::exit::{Exit, Trouble};
use crate::words::print;

/// A place where a password is written, which characters cannot stand there as they are, and how they are written instead.
type Place = (&'static str, fn(char) -> bool, &'static str);
const PLACES: [Place; 4] = [
    (
        "URL",
        |c| !(c.is_ascii_alphanumeric() || "-._~".contains(c)),
        "percent-encoded",
    ),
    ("shell", |c| c == '\'', "as '\\'' between single quotes"),
    ("JSON", |c| c == '"' || c == '\\', "behind a backslash"),
    (
        "libpq",
        |c| c == '\'' || c == '\\' || c == ' ',
        "between single quotes, quotes and backslashes behind a backslash",
    ),
];

/// What is asked for.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// The function's settings, such as `PASSWORD_LENGTH=24` or `EXCLUDE_PUNCTUATION=true`.
    #[arg(value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Begin with the settings of the function that rotates this secret.
    #[arg(long, value_name = "SECRET")]
    pub(crate) like: Option<String>,
    /// How many passwords.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// One JSON document.
    #[arg(long)]
    json: bool,
}

/// The settings of the password policy.
const SETTINGS: [&str; 8] = [
    "PASSWORD_LENGTH",
    "EXCLUDE_CHARACTERS",
    "EXCLUDE_NUMBERS",
    "EXCLUDE_PUNCTUATION",
    "EXCLUDE_UPPERCASE",
    "EXCLUDE_LOWERCASE",
    "INCLUDE_SPACE",
    "REQUIRE_EACH_INCLUDED_TYPE",
];

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if SETTINGS.contains(&name) {
        Ok((name.to_owned(), value.to_owned()))
    } else {
        Err(format!("the settings are {}", SETTINGS.join(", ")))
    }
}

/// The facts on stderr, the passwords on stdout. `function` is its environment: what is not about passwords is not looked at.
pub(crate) fn run(options: &Options, function: &BTreeMap<String, String>) -> Result<Exit, Trouble> {
    let get = |name: &str| {
        let mut named = options.settings.iter().filter(|(known, _)| known == name);
        let given = named.next_back().map(|(_, value)| value);
        given.or_else(|| function.get(name)).cloned()
    };
    let policy = Policy::from_env(get).map_err(|error| Trouble {
        problem: error.to_string(),
        remedy: error.remedy(),
        exit: Exit::Usage,
    })?;
    let mut passwords = Vec::new();
    for _ in 0..options.count {
        let password = policy
            .generate_from_os()
            .map_err(|error| Trouble::new(error.to_string(), error.remedy()))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the command is there to show one; it is in use nowhere"
        )]
        passwords.push(password.expose_secret().to_owned());
    }
    let alphabet = policy.alphabet();
    if options.json {
        let document = json!({
            "version": 1,
            "length": policy.length(),
            "alphabet": alphabet,
            "entropy_bits": policy.entropy_bits(),
            "must_be_escaped_in": PLACES.iter().map(|(place, must, _)| {
                ((*place).to_owned(), alphabet.chars().filter(|c| must(*c)).collect::<String>().into())
            }).collect::<serde_json::Map<_, _>>(),
            "passwords": passwords,
        });
        print::answer(&document.to_string());
        return Ok(Exit::Well);
    }
    facts(&policy, &alphabet);
    for password in &passwords {
        print::answer(password);
    }
    Ok(Exit::Well)
}

fn facts(policy: &Policy, alphabet: &str) {
    print::progress(&format!(
        "{} characters out of {}: {:.0} bits",
        policy.length(),
        alphabet.chars().count(),
        policy.entropy_bits()
    ));
    print::progress(&format!("alphabet  {alphabet}"));
    for (place, must, how) in PLACES {
        let special: String = alphabet.chars().filter(|c| must(*c)).collect();
        let text = if special.is_empty() {
            "every password can stand as it is".to_owned()
        } else {
            format!("{special}  must be {how}")
        };
        print::progress(&format!("{place:<9} {text}"));
    }
}
