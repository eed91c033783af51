//! The bare form: the password is the whole text. Whose it is, the operator says.

use std::ops::Range;

use password::Password;

use super::declared::Login;
use super::fields::{self, Fields};
use crate::error::{DocumentError, NotJson};
use crate::text::span_of;

/// Characters that a new bare password does not have: with one of them it could be taken for JSON, for a URL or for two words.
pub(super) const UNFIT: &str = "{[\": ";

/// What may stand around a password, as a file's last line break.
const AROUND: [char; 4] = [' ', '\t', '\r', '\n'];

/// Reads a bare password.
pub(super) fn read(text: &str, login: &Login) -> Result<Fields, DocumentError> {
    let password = text.trim_matches(AROUND);
    if password.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(NotJson::Words.into());
    }
    fields::check_text("username", &login.username)?;
    fields::check_host("host", &login.host)?;
    Ok(Fields {
        username: login.username.clone(),
        password: Password::from(password.to_owned()),
        host: Some(login.host.clone()),
        port: login.port,
        dbname: login.dbname.clone(),
        engine: None,
        masterarn: None,
        ownerrole: None,
        tls: None,
        tls_server_name: None,
    })
}

/// Where the password stands in the text.
pub(super) fn span(text: &str) -> Range<usize> {
    span_of(text.trim_matches(AROUND), text)
}
