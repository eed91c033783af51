//! SecretBinary that is text: some tools store every secret so.

use secrecy::SecretString;
use secrecy::zeroize::Zeroize;

use crate::json::Object;
use crate::postgres::is_url;

/// The text of a SecretBinary that is a JSON object or a `postgres://` URL in UTF-8; none for all other bytes, such as a
/// key store or an archive.
pub fn text_of_binary(bytes: Vec<u8>) -> Option<SecretString> {
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            error.into_bytes().zeroize();
            return None;
        }
    };
    if is_url(text.trim_start()) || Object::parse_with_duplicates(&text).is_ok() {
        Some(SecretString::from(text))
    } else {
        text.zeroize();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_object_and_a_url_are_text_and_nothing_else_is() {
        for text in [
            r#" {"username":"ü"}"#,
            r#"{"a":1,"a":2}"#,
            "postgres://u:p@h/d",
            "\n postgresql://u:p@h\n",
        ] {
            assert!(text_of_binary(text.into()).is_some(), "{text}");
        }
        for bytes in [
            &b"a-bare-key"[..],
            b"",
            b"{\xff}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":",
            b"[1]",
            b"\"{}\"",
            b"https://u:p@h",
        ] {
            assert!(text_of_binary(bytes.to_vec()).is_none(), "{bytes:?}");
        }
    }
}
