//! What is wrong with a document, and what to do about it.
//!
//! No text here quotes a credential, nor a piece of a document that could be one: a syntax error gives
//! a line and a column, a duplicate key gives its name only if it is a key that Keywheel reads.

use strum::VariantNames;

use crate::shown::Shown;

/// The most bytes that the value of a secret can have (API reference, `PutSecretValue`).
pub const MAX_BYTES: usize = 65_536;

/// Every code of this crate's errors. A code is stable; an error's text may change. Some occur more than once.
pub fn codes() -> Vec<&'static str> {
    [DocumentError::VARIANTS, &[Mismatch::CODE]].concat()
}

/// A document that cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "Secret")]
pub enum DocumentError {
    /// Neither a JSON object nor a PostgreSQL URL.
    #[error("{0}")]
    NotJson(NotJson),
    /// Neither a bare key nor a JSON object.
    #[error("the secret {0}")]
    #[strum(serialize = "NotJson")]
    NotKey(&'static str),
    /// A PostgreSQL URL that cannot be read, or that drivers read differently.
    #[error("the URL in the secret {0}")]
    UrlInvalid(UrlProblem),
    /// A field that every document needs is not there.
    #[error("the secret has no `{field}`")]
    FieldMissing {
        /// The key, or the URL's part of the same meaning.
        field: String,
    },
    /// A field has the wrong type or a value that means nothing.
    #[error("the secret's `{field}` is {problem}")]
    FieldInvalid {
        /// The key, or the URL's part or parameter.
        field: String,
        /// What it is instead; quotes no credential.
        problem: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A key stands twice at the top level, so that readers differ in which one they take.
    #[error("the secret has {key} twice")]
    DuplicateKey {
        /// The key in back quotes, or its place if the key is the user's own.
        key: String,
    },
    /// Two fields of the same meaning say different things.
    #[error("the secret's `{one}` and `{other}` contradict each other")]
    Contradictory {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// More than a secret can hold.
    #[error("the secret has {bytes} bytes, more than the {MAX_BYTES} of a secret's value")]
    TooLarge {
        /// Its size, or the size it would have with the new credential.
        bytes: usize,
    },
}

/// What a text is, if it is no JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// Nothing, or only white space.
    #[error("the secret is empty")]
    Empty,
    /// A byte-order mark stands before the text.
    #[error("the secret begins with a byte-order mark")]
    ByteOrderMark,
    /// A JSON array.
    #[error("the secret is a JSON array, not an object")]
    Array,
    /// A JSON string, perhaps one that holds a document.
    #[error("the secret is a JSON string in quotes, not an object")]
    String,
    /// A URL of another scheme.
    #[error("the secret looks like a URL, but not one that begins with postgres:// or postgresql://")]
    ForeignUrl,
    /// Anything else.
    #[error("the secret is neither a JSON object nor a postgres:// URL")]
    Text,
    /// More than one word, where a bare password is declared.
    #[error(
        "the secret is neither a JSON object nor a postgres:// URL, and has white space or a control character inside, so it is no bare password either"
    )]
    Words,
    /// An object that ends in the middle.
    #[error("the JSON of the secret ends before its object is closed")]
    EndsEarly,
    /// Not JSON from here on.
    #[error("the JSON of the secret is malformed at line {line}, column {column}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
    },
    /// A whole object, and something behind it.
    #[error("the JSON of the secret is followed by something else")]
    TrailingText,
}

/// What is wrong with a URL. Reads on from "the URL in the secret".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// White space or a control character stands inside.
    #[error("contains white space or a control character")]
    WhiteSpace,
    /// A `#`, which some drivers take for a fragment and others for a part of the password.
    #[error("contains a `#` that is not percent-encoded")]
    Fragment,
    /// A second `@`, or an `@` behind a `/` or `?`.
    #[error("has another `@` than the one before the host, or a `/` or `?` before it")]
    Delimiter,
    /// A `%` that two hexadecimal digits do not follow.
    #[error("has a `%` in its {part} that is not followed by two hexadecimal digits")]
    PercentEncoding {
        /// Which part of the URL.
        part: &'static str,
    },
    /// Percent-encoded bytes that are not UTF-8.
    #[error("has percent-encoded bytes in its {part} that are not UTF-8")]
    NotUtf8 {
        /// Which part of the URL.
        part: &'static str,
    },
    /// A `[` without the `]`, or something other than a port behind it.
    #[error("has brackets in its host that do not enclose an IPv6 address")]
    Brackets,
    /// A parameter without `=`.
    #[error("has a parameter without a value")]
    Parameter,
}

impl DocumentError {
    /// The stable code: `Secret` and the name of the variant.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// What to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotJson(what) => what.remedy().to_owned(),
            Self::NotKey(_) => "store the bare key, without quotes, or a JSON object that has it".to_owned(),
            Self::UrlInvalid(_) => {
                "write the URL as postgresql://user:password@host:port/dbname, and percent-encode what is special in it (@ as %40, / as %2F, ? as %3F, # as %23, % as %25, a space as %20)".to_owned()
            }
            Self::FieldMissing { field } => format!("add `{field}` to the secret"),
            Self::FieldInvalid { field, problem, expected } if says_nothing(field, problem) => {
                format!("remove `{field}` from the secret, or change it to {expected}")
            }
            Self::FieldInvalid { field, expected, .. } => format!("change `{field}` in the secret to {expected}"),
            Self::DuplicateKey { .. } => "remove one of the two from the secret".to_owned(),
            Self::Contradictory { one, other } => format!("let `{one}` and `{other}` agree, or remove one of them from the secret"),
            Self::TooLarge { .. } => format!("shorten the secret's other keys: the whole text must stay within {MAX_BYTES} bytes"),
        }
    }

    pub(crate) fn missing(field: impl Into<String>) -> Self {
        Self::FieldMissing { field: field.into() }
    }

    pub(crate) fn invalid(
        field: impl Into<String>,
        problem: impl Into<String>,
        expected: &'static str,
    ) -> Self {
        Self::FieldInvalid {
            field: field.into(),
            problem: problem.into(),
            expected,
        }
    }
}

/// Whether a field is there that a secret of a PostgreSQL user can do without, and means nothing.
fn says_nothing(field: &str, problem: &str) -> bool {
    const OPTIONAL: [&str; 10] = [
        "engine",
        "host",
        "port",
        "dbname",
        "database",
        "masterarn",
        "ownerrole",
        "ssl",
        "sslmode",
        "tls_server_name",
    ];
    OPTIONAL.contains(&field) && matches!(problem, "null" | "empty")
}

impl NotJson {
    const fn remedy(self) -> &'static str {
        match self {
            Self::ByteOrderMark => {
                "save the secret without the byte-order mark (its first character, U+FEFF)"
            }
            Self::EndsEarly | Self::Syntax { .. } | Self::TrailingText => {
                "correct the JSON of the secret; a JSON checker shows the place, but do not paste a secret into one on the web"
            }
            Self::Text => {
                "store a JSON object with the keys username and password, or a bare URL postgresql://user:password@host:port/dbname without quotes; if it is a bare password, a function for a single user can be told whose: PGUSER and PGHOST, or the tags keywheel:username and keywheel:host if TAGS_MAY_CHOOSE lists them"
            }
            Self::Empty | Self::Array | Self::String | Self::ForeignUrl | Self::Words => {
                "store a JSON object with the keys username and password, or a bare URL postgresql://user:password@host:port/dbname without quotes"
            }
        }
    }
}

impl From<NotJson> for DocumentError {
    fn from(what: NotJson) -> Self {
        Self::NotJson(what)
    }
}

impl From<UrlProblem> for DocumentError {
    fn from(problem: UrlProblem) -> Self {
        Self::UrlInvalid(problem)
    }
}

/// A pending version that would log in elsewhere, or as somebody else, than the current one.
///
/// The values are no credentials, so they may be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pending version names another account: its `{field}` is {}, the current version's is {}",
    shown(.pending.as_deref()), shown(.current.as_deref())
)]
pub struct Mismatch {
    /// The key that differs, the first of several.
    pub field: &'static str,
    /// Its value in the pending version.
    pub pending: Option<String>,
    /// Its value in the current version.
    pub current: Option<String>,
}

impl Mismatch {
    const CODE: &str = "PendingNamesAnotherTarget";

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        Self::CODE
    }

    /// The user `pending` may not follow the user `current`.
    pub fn of_users(pending: &str, current: &str) -> Self {
        Self {
            field: "username",
            pending: Some(pending.to_owned()),
            current: Some(current.to_owned()),
        }
    }

    /// What to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        "take AWSPENDING off that version (aws secretsmanager update-secret-version-stage --remove-from-version-id), and rotate again; to change the account itself, write the whole secret by hand".to_owned()
    }
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "not given".to_owned(), |value| Shown(value).to_string())
}
