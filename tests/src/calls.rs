//! What the functions are seen to call beside Secrets Manager: what their roles must allow (`scripts/infra/calls.py`).
//!
//! A function's calls are told from those of the tests, of an assumed role and of a key under test by their session token.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// What the session token of a function begins with.
const MARK: &str = "function.";

/// The session token of a function: what `AWS_SESSION_TOKEN` has in Lambda. Its name is in there in Base64, for names are in the log,
/// and no piece of a token may be.
pub fn session_token(function: &str) -> String {
    format!("{MARK}{}", BASE64_URL_SAFE_NO_PAD.encode(function))
}

/// Notes that somebody logged in to a database by a token that RDS would take, where `make test` asks for a record. One that was
/// not signed by a function is not noted.
pub fn note_login(token: &str) {
    let (Some(path), Some(function)) = (env::var_os("KEYWHEEL_RECORD_CALLS"), function_of(token)) else {
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(path);
    // One write of a short line is not torn by others; a record that cannot be kept is missed by its reader.
    let line = format!("{function} connect rds-db\n");
    let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
}

/// The function that signed a login token.
fn function_of(token: &str) -> Option<String> {
    let (_, session) = token.split_once("X-Amz-Security-Token=")?;
    let name = session.split('&').next()?.strip_prefix(MARK)?;
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(name).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_token_tells_who_signed_it() {
        let session = session_token("rotate");
        let token = format!("db:5432/?Action=connect&X-Amz-Security-Token={session}&X-Amz-Signature=0");
        assert_eq!(function_of(&token).as_deref(), Some("rotate"));
        assert_eq!(
            function_of("X-Amz-Security-Token=of-a-role&X-Amz-Signature=0"),
            None
        );
        assert_eq!(function_of("X-Amz-Security-Token=function.???"), None);
        assert_eq!(function_of("a password"), None);
    }
}
