//! A JSON object whose text is kept: members are found in it, not taken out of it.
//!
//! `serde_json` checks the grammar and unescapes; what is added is the place of each value in the text,
//! and that no key stands twice. Only the top level is looked into here. Inner values are checked for their
//! grammar; nothing is read in them but copies of the credential, by `postgres/copies`.

use std::collections::HashSet;
use std::fmt;

use password::Password;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{DocumentError, NotJson};
use crate::text::{check_size, span_of, splice};

/// The keys whose name may stand in an error, because they are Keywheel's and not the user's.
pub(crate) const KNOWN_KEYS: [&str; 13] = [
    "database",
    "dbname",
    "engine",
    "host",
    "keywheel",
    "masterarn",
    "ownerrole",
    "password",
    "port",
    "ssl",
    "sslmode",
    "tls_server_name",
    "username",
];

/// Exchanges the string at the top-level `key` of the JSON object `text` for `new`.
///
/// All other bytes stay. If the value is `new` already, in whatever spelling, the text stays as it is.
///
/// # Errors
/// The text is no JSON object, has a key twice, has no `key`, the value there is no string, or the
/// result is larger than [`MAX_BYTES`](crate::MAX_BYTES).
#[expect(
    clippy::disallowed_methods,
    reason = "the new text is for Secrets Manager, and leaves as a SecretString"
)]
pub(crate) fn replace_string(
    text: &SecretString,
    key: &str,
    new: &Password,
) -> Result<SecretString, DocumentError> {
    let plain = text.expose_secret();
    check_size(plain.len())?;
    let object = Object::parse(plain)?;
    let member = object.get(key).ok_or_else(|| DocumentError::missing(key))?;
    if Password::from(member.string(key, "a string")?) == *new {
        return Ok(text.clone());
    }
    splice(plain, span_of(member.raw, plain), &encode(new.expose_secret()))
}

/// Sets the top-level `key` of the JSON object `text` to the string `new`: a string or `null` there is exchanged, and a
/// key that is not there is added behind the last one. All other bytes stay.
///
/// # Errors
/// As [`replace_string`], but for the missing key.
#[expect(
    clippy::disallowed_methods,
    reason = "the new text is for Secrets Manager, and leaves as a SecretString"
)]
pub(crate) fn set_string(
    text: &SecretString,
    key: &str,
    new: &Password,
) -> Result<SecretString, DocumentError> {
    let plain = text.expose_secret();
    check_size(plain.len())?;
    let object = Object::parse(plain)?;
    match object.get(key) {
        Some(member) if member.kind() == Kind::Null => {
            splice(plain, span_of(member.raw, plain), &encode(new.expose_secret()))
        }
        // A number stays one, if the new value is one.
        Some(member) if member.kind() == Kind::Number && is_number(new.expose_secret()) => {
            splice(plain, span_of(member.raw, plain), new.expose_secret())
        }
        Some(_) => replace_string(text, key, new),
        None => {
            let name = encode(key);
            let value = encode(new.expose_secret());
            let (end, comma) = object.end(plain);
            splice(
                plain,
                end..end,
                &Zeroizing::new(format!("{comma}{}: {}", *name, *value)),
            )
        }
    }
}

/// Whether a text is a whole number as JSON writes it.
fn is_number(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0')) && !text.is_empty()
}

/// The top level of a JSON object.
pub(crate) struct Object<'t> {
    members: Vec<(String, &'t RawValue)>,
}

/// The value of one key, as it is written in the text.
#[derive(Clone, Copy)]
pub(crate) struct Member<'t> {
    raw: &'t str,
}

/// The type of a value. Its `Display` completes "is …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl<'t> Object<'t> {
    /// Reads `text`, which begins with `{` or with white space before it.
    pub(crate) fn parse(text: &'t str) -> Result<Self, DocumentError> {
        let object = Self::parse_with_duplicates(text)?;
        refuse_duplicates(&object.members)?;
        Ok(object)
    }

    /// Reads an inner object, in which a key may stand twice.
    pub(crate) fn parse_with_duplicates(text: &'t str) -> Result<Self, DocumentError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let members = json.deserialize_map(Members).map_err(|error| grammar(&error))?;
        json.end().map_err(|_| NotJson::TrailingText)?;
        Ok(Self { members })
    }

    /// All members, in their order.
    pub(crate) fn members(self) -> impl Iterator<Item = (String, Member<'t>)> {
        let members = self.members.into_iter();
        members.map(|(key, value)| (key, Member { raw: value.get() }))
    }

    /// All keys, in their order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(key, _)| key.as_str())
    }

    /// Where a further member goes in `text`, and what stands before it.
    fn end(&self, text: &str) -> (usize, &'static str) {
        match self.members.last() {
            Some((_, value)) => (span_of(value.get(), text).end, ", "),
            None => (text.find('{').map_or(text.len(), |brace| brace + 1), ""),
        }
    }

    /// The value of `key`, which is compared after unescaping, and with case.
    pub(crate) fn get(&self, key: &str) -> Option<Member<'t>> {
        let (_, value) = self.members.iter().find(|(name, _)| name == key)?;
        Some(Member { raw: value.get() })
    }
}

impl<'t> Member<'t> {
    /// A value of JSON, of which the grammar was checked.
    pub(crate) fn of(raw: &'t str) -> Self {
        Self { raw }
    }

    /// The value's own text: for a number its digits as written.
    pub(crate) fn raw(self) -> &'t str {
        self.raw
    }

    pub(crate) fn kind(self) -> Kind {
        // The grammar has been checked: the first byte tells the type.
        match self.raw.as_bytes().first() {
            Some(b'n') => Kind::Null,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'"') => Kind::String,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            _ => Kind::Number,
        }
    }

    /// The string, unescaped; an error that names `key` if it is none.
    pub(crate) fn string(self, key: &str, expected: &'static str) -> Result<String, DocumentError> {
        if self.kind() != Kind::String {
            return Err(DocumentError::invalid(key, self.kind().to_string(), expected));
        }
        serde_json::from_str(self.raw)
            .map_err(|_| DocumentError::invalid(key, "a string with half of a surrogate pair", expected))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// Collects the members in their order, each value borrowed from the text.
struct Members;

impl<'t> Visitor<'t> for Members {
    type Value = Vec<(String, &'t RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// `serde_json`'s own text could quote the document; its position cannot.
fn grammar(error: &serde_json::Error) -> NotJson {
    if error.is_eof() {
        NotJson::EndsEarly
    } else {
        NotJson::Syntax {
            line: error.line(),
            column: error.column(),
        }
    }
}

fn refuse_duplicates(members: &[(String, &RawValue)]) -> Result<(), DocumentError> {
    let mut seen = HashSet::new();
    for (place, (key, _)) in members.iter().enumerate() {
        if !seen.insert(key) {
            let key = match KNOWN_KEYS.iter().find(|known| *known == key) {
                Some(known) => format!("`{known}`"),
                None => format!("its key number {}", place + 1),
            };
            return Err(DocumentError::DuplicateKey { key });
        }
    }
    Ok(())
}

/// `plain` as a piece of a JSON string.
pub(crate) fn escape(plain: &str) -> Zeroizing<String> {
    let mut encoded = encode(plain);
    encoded.pop();
    encoded.remove(0);
    encoded
}

/// `plain` as a JSON string in its quotes, without leaving copies behind.
pub(crate) fn encode(plain: &str) -> Zeroizing<String> {
    // A control character takes six bytes, `\u001f`; nothing takes more.
    let mut encoded = Zeroizing::new(Vec::with_capacity(plain.len() * 6 + 2));
    serde_json::to_writer(&mut *encoded, plain)
        .expect("a string is always JSON, and a vector takes all of it");
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *encoded)).expect("serde_json writes UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
    fn replaced(text: &str, key: &str, new: &str) -> Result<String, DocumentError> {
        let new = Password::from(new.to_owned());
        replace_string(&text.into(), key, &new).map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn any_key_of_any_object_can_be_exchanged() {
        let text = r#"{ "clientId":"i", "client\u0053ecret" : "old" , "n":{"clientSecret":"n"},"v":1.10 }"#;
        let wanted =
            r#"{ "clientId":"i", "client\u0053ecret" : "n\"w" , "n":{"clientSecret":"n"},"v":1.10 }"#;
        assert_eq!(replaced(text, "clientSecret", "n\"w").unwrap(), wanted);
        assert_eq!(replaced(r#"{"":""}"#, "", "x").unwrap(), r#"{"":"x"}"#);
    }

    #[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
    fn set(text: &str, key: &str, new: &str) -> Result<String, DocumentError> {
        let new = Password::from(new.to_owned());
        set_string(&text.into(), key, &new).map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn a_key_that_is_not_there_is_added_behind_the_last() {
        assert_eq!(set("{}", "id", "1").unwrap(), r#"{"id": "1"}"#);
        assert_eq!(set(" {\n} ", "id", "1").unwrap(), " {\"id\": \"1\"\n} ");
        assert_eq!(
            set("{\n  \"a\": {}\n}\n", "i\"d", "1").unwrap(),
            "{\n  \"a\": {}, \"i\\\"d\": \"1\"\n}\n"
        );
        assert_eq!(
            set(r#"{"id":null, "a":1}"#, "id", "1").unwrap(),
            r#"{"id":"1", "a":1}"#
        );
        assert_eq!(
            set(r#"{"id":"0", "a":1}"#, "id", "1").unwrap(),
            r#"{"id":"1", "a":1}"#
        );
        assert_eq!(set(r#"{"id":10 }"#, "id", "7").unwrap(), r#"{"id":7 }"#);
        for new in ["a7", "07", "1.5", ""] {
            let error = set(r#"{"id":10}"#, "id", new).unwrap_err();
            assert_eq!(error.code(), "SecretFieldInvalid", "{new}");
        }
    }

    #[test]
    fn the_same_value_keeps_its_spelling() {
        let text = r#"{"key":"\u006f\/ld"}"#;
        assert_eq!(replaced(text, "key", "o/ld").unwrap(), text);
    }

    #[test]
    fn only_a_string_at_the_top_level_of_an_object_is_exchanged() {
        assert_eq!(
            replaced(r#"{"a":{"key":"x"}}"#, "key", "y"),
            Err(DocumentError::missing("key"))
        );
        for (value, kind) in [
            ("1", "a number"),
            ("null", "null"),
            ("false", "a boolean"),
            ("[]", "an array"),
        ] {
            let error = replaced(&format!(r#"{{"key":{value}}}"#), "key", "y").unwrap_err();
            assert_eq!(error, DocumentError::invalid("key", kind, "a string"));
        }
        for text in ["[]", "\"key\"", "1", "x"] {
            assert_eq!(
                replaced(text, "key", "y").unwrap_err().code(),
                "SecretNotJson",
                "{text}"
            );
        }
        assert_eq!(replaced("{\"key\":", "key", "y"), Err(NotJson::EndsEarly.into()));
    }

    #[test]
    fn an_error_quotes_nothing_of_the_document() {
        for text in [
            "\"s3cret\"",
            "{\"s3cret\":1,\"s3cret\":2}",
            "{\"key\":s3cret}",
            "[\"s3cret\"]",
        ] {
            let error = replaced(text, "key", "y").unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }
}
