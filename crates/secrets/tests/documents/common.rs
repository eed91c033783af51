//! What the tests share.

use password::Password;
use secrecy::{ExposeSecret, SecretString};
use secrets::{DocumentError, PostgresSecret};

pub(crate) fn parse(text: &str) -> Result<PostgresSecret, DocumentError> {
    PostgresSecret::parse(&SecretString::from(text))
}

pub(crate) fn password(text: &str) -> Password {
    Password::from(text.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
pub(crate) fn text_of(secret: &impl ExposeSecret<str>) -> &str {
    secret.expose_secret()
}
