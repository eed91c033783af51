//! How a document asks for TLS.

use std::fmt;

use crate::error::DocumentError;
use crate::shown::Shown;

const SSL: &str = "true or false";
const SSLMODE: &str = "disable, verify-ca or verify-full (allow, prefer and require are read as verify-full)";

/// How the connection is protected. There is no mode that encrypts without verifying, and none that
/// falls back to plain text by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain text, because the document says so.
    Disable,
    /// TLS; the certificate is verified, the host's name is not.
    VerifyCa,
    /// TLS; the certificate and the host's name are verified.
    VerifyFull,
}

impl TlsMode {
    /// Reads libpq's `sslmode`, in any case; none for a word that libpq does not know.
    ///
    /// `allow`, `prefer` and `require` ask for less than verified TLS. They are read as
    /// [`TlsMode::VerifyFull`]: Keywheel sends a credential over verified TLS or, if told
    /// `disable`, in the clear, and nothing in between.
    pub fn from_sslmode(sslmode: &str) -> Option<Self> {
        let is = |word: &&str| sslmode.eq_ignore_ascii_case(word);
        if is(&"disable") {
            Some(Self::Disable)
        } else if is(&"verify-ca") {
            Some(Self::VerifyCa)
        } else if ["allow", "prefer", "require", "verify-full"].iter().any(is) {
            Some(Self::VerifyFull)
        } else {
            None
        }
    }

    /// The `sslmode` that says the same: `disable`, `verify-ca` or `verify-full`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl fmt::Display for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads `ssl` written as a word: true or false in any case.
pub(crate) fn ssl_word(word: &str) -> Result<bool, DocumentError> {
    if word.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if word.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(ssl_invalid(Shown(word).to_string()))
    }
}

/// `ssl` is neither true nor false.
pub(crate) fn ssl_invalid(problem: impl Into<String>) -> DocumentError {
    DocumentError::invalid("ssl", problem, SSL)
}

/// Reads `sslmode` or says what is wrong with it.
pub(crate) fn sslmode_word(word: &str) -> Result<TlsMode, DocumentError> {
    TlsMode::from_sslmode(word).ok_or_else(|| sslmode_invalid(Shown(word).to_string()))
}

/// `sslmode` is not a mode.
pub(crate) fn sslmode_invalid(problem: impl Into<String>) -> DocumentError {
    DocumentError::invalid("sslmode", problem, SSLMODE)
}

/// What `ssl` and `sslmode` say together; none if the document is silent.
///
/// `ssl: true` agrees with every mode that means TLS, and leaves the choice to `sslmode`.
pub(crate) fn combine(ssl: Option<bool>, sslmode: Option<TlsMode>) -> Result<Option<TlsMode>, DocumentError> {
    match (ssl, sslmode) {
        (None, mode) => Ok(mode),
        (Some(true), None) => Ok(Some(TlsMode::VerifyFull)),
        (Some(false), None | Some(TlsMode::Disable)) => Ok(Some(TlsMode::Disable)),
        (Some(true), Some(mode @ (TlsMode::VerifyCa | TlsMode::VerifyFull))) => Ok(Some(mode)),
        (Some(true), Some(TlsMode::Disable))
        | (Some(false), Some(TlsMode::VerifyCa | TlsMode::VerifyFull)) => Err(DocumentError::Contradictory {
            one: "ssl".to_owned(),
            other: "sslmode".to_owned(),
        }),
    }
}
