//! An API key, in each of the forms it is stored in.

use std::collections::BTreeMap;
use std::fmt;

use password::Password;
use secrecy::{ExposeSecret, SecretString};

use crate::error::DocumentError;
use crate::json::{self, Kind, Member, Object};
use crate::text::{check_size, span_of, splice};

/// The member that Keywheel's own settings stand in.
const SETTINGS: &str = "keywheel";
const TEXT: &str = "a string that is not empty";
const SCALAR: &str = "a string, or a number";
const OBJECT: &str = "an object of strings";

/// A secret that holds an API key: what it says, and its exact text.
///
/// # Forms
/// A **bare string**: the key itself. White space around it is kept, and not part of it.
///
/// A **JSON object**, one member of which is the key, and perhaps another the key's id. Which members, the caller
/// says. All others are the user's, and kept; of them only the member `keywheel` is read, an object of strings.
#[derive(Clone)]
pub struct KeyDocument {
    text: SecretString,
    is_object: bool,
}

impl KeyDocument {
    /// Reads a secret's text.
    ///
    /// # Errors
    /// Nothing, or something else: an array, a string in quotes, broken JSON, a key that stands twice.
    #[expect(clippy::disallowed_methods, reason = "a document is read here")]
    pub fn parse(text: &SecretString) -> Result<Self, DocumentError> {
        let plain = text.expose_secret();
        check_size(plain.len())?;
        let is_object = match plain.trim().chars().next() {
            None => return Err(DocumentError::NotKey("is empty")),
            Some('\u{feff}') => return Err(DocumentError::NotKey("begins with a byte-order mark")),
            Some('[') => return Err(DocumentError::NotKey("is a JSON array")),
            Some('"') => return Err(DocumentError::NotKey("is in quotes")),
            Some('{') => true,
            Some(_) => false,
        };
        if is_object {
            Object::parse(plain)?;
        }
        Ok(Self {
            text: text.clone(),
            is_object,
        })
    }

    /// The exact text, as it goes to Secrets Manager.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// Whether it is a JSON object, and not the bare key.
    pub fn is_object(&self) -> bool {
        self.is_object
    }

    /// The key: of an object the string in `member`, and otherwise the text as a whole.
    ///
    /// # Errors
    /// There is no such member, it is not a string, or it is empty.
    #[expect(clippy::disallowed_methods, reason = "it leaves as a Password")]
    pub fn key(&self, member: &str) -> Result<Password, DocumentError> {
        if !self.is_object {
            return Ok(Password::from(self.text.expose_secret().trim().to_owned()));
        }
        let object = Object::parse(self.text.expose_secret())?;
        let value = object.get(member).ok_or_else(|| DocumentError::missing(member))?;
        match value.string(member, TEXT)? {
            empty if empty.is_empty() => Err(DocumentError::invalid(member, "empty", TEXT)),
            key => Ok(Password::from(key)),
        }
    }

    /// Whether an object has this member, whatever stands there.
    #[expect(
        clippy::disallowed_methods,
        reason = "only the names of members are looked at"
    )]
    pub fn has(&self, member: &str) -> bool {
        let object = Some(self.text.expose_secret()).filter(|_| self.is_object);
        let object = object.and_then(|text| Object::parse(text).ok());
        object.is_some_and(|object| object.get(member).is_some())
    }

    /// A string or number of an object, as text; none if it is not there, null, or empty.
    ///
    /// # Errors
    /// It is something else.
    #[expect(clippy::disallowed_methods, reason = "what is no credential leaves as text")]
    pub fn plain(&self, member: &str) -> Result<Option<String>, DocumentError> {
        if !self.is_object {
            return Ok(None);
        }
        let object = Object::parse(self.text.expose_secret())?;
        let Some(value) = object.get(member) else {
            return Ok(None);
        };
        let text = match value.kind() {
            Kind::Null => String::new(),
            Kind::Number => value.raw().to_owned(),
            _ => value.string(member, SCALAR)?,
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// What stands in the member `keywheel`.
    ///
    /// # Errors
    /// It is not an object of strings and numbers.
    #[expect(clippy::disallowed_methods, reason = "settings are no credential")]
    pub fn settings(&self) -> Result<BTreeMap<String, String>, DocumentError> {
        if !self.is_object {
            return Ok(BTreeMap::new());
        }
        let object = Object::parse(self.text.expose_secret())?;
        let Some(member) = object.get(SETTINGS) else {
            return Ok(BTreeMap::new());
        };
        if member.kind() != Kind::Object {
            return Err(DocumentError::invalid(
                SETTINGS,
                member.kind().to_string(),
                OBJECT,
            ));
        }
        let settings = Object::parse(member.raw())?;
        let read = settings.keys().map(|key| {
            let name = format!("{SETTINGS}.{key}");
            let value = settings
                .get(key)
                .ok_or_else(|| DocumentError::missing(name.as_str()))?;
            let text = match value.kind() {
                Kind::Number => value.raw().to_owned(),
                _ => value.string(&name, SCALAR)?,
            };
            Ok((key.to_owned(), text))
        });
        read.collect()
    }

    /// A member in which `other` differs, those in `but` aside; none if both are bare strings.
    ///
    /// # Errors
    /// One of the two cannot be read.
    #[expect(clippy::disallowed_methods, reason = "only the member's name leaves")]
    pub fn difference(&self, other: &Self, but: &[&str]) -> Result<Option<String>, DocumentError> {
        fn raw<'t>(object: &Object<'t>, name: &str) -> Option<&'t str> {
            object.get(name).map(Member::raw)
        }
        if !self.is_object || !other.is_object {
            return Ok(None);
        }
        let (own, others) = (self.text.expose_secret(), other.text.expose_secret());
        let (own, others) = (Object::parse(own)?, Object::parse(others)?);
        let mut names = own.keys().chain(others.keys());
        let differs = |name: &&str| !but.contains(name) && raw(&own, name) != raw(&others, name);
        Ok(names.find(differs).map(str::to_owned))
    }

    /// The same document with another key: of the text, only the key's own bytes change.
    ///
    /// # Errors
    /// As [`KeyDocument::key`], or the text would be larger than [`MAX_BYTES`](crate::MAX_BYTES).
    #[expect(
        clippy::disallowed_methods,
        reason = "the new text is for Secrets Manager, and leaves as a SecretString"
    )]
    pub fn with_key(&self, member: &str, key: &Password) -> Result<Self, DocumentError> {
        let text = if self.is_object {
            json::replace_string(&self.text, member, key)?
        } else {
            let plain = self.text.expose_secret();
            splice(plain, span_of(plain.trim(), plain), key.expose_secret())?
        };
        Self::parse(&text)
    }

    /// The same object with `id` in `member`, which is added if it is not there. A bare string stays as it is: its
    /// readers expect the key alone.
    ///
    /// # Errors
    /// The member is neither a string nor null, or the text would be too large.
    pub fn with_id(&self, member: &str, id: &str) -> Result<Self, DocumentError> {
        if !self.is_object {
            return Ok(self.clone());
        }
        let id = Password::from(id.to_owned());
        Self::parse(&json::set_string(&self.text, member, &id)?)
    }
}

impl fmt::Debug for KeyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyDocument")
            .field("is_object", &self.is_object)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
mod tests {
    use super::*;

    fn parsed(text: &str) -> KeyDocument {
        KeyDocument::parse(&text.into()).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[test]
    fn a_bare_key_is_the_text_without_the_white_space_around_it() {
        let document = parsed(" old\n");
        assert_eq!(document.key("unused").unwrap(), password("old"));
        assert_eq!(
            document
                .with_key("unused", &password("n{w\""))
                .unwrap()
                .text()
                .expose_secret(),
            " n{w\"\n"
        );
        assert_eq!(
            document.with_id("id", "7").unwrap().text().expose_secret(),
            " old\n"
        );
        assert_eq!(
            (document.plain("a").unwrap(), document.settings().unwrap().len()),
            (None, 0)
        );
    }

    #[test]
    fn a_difference_beside_the_key_is_found_whichever_document_has_it() {
        let document = parsed(r#"{"key":"a","id":"1","site":"eu"}"#);
        let difference = |text: &str| document.difference(&parsed(text), &["key", "id"]).unwrap();
        assert_eq!(difference(r#"{ "id":"2", "key":"b", "site":"eu" }"#), None);
        assert_eq!(difference(r#"{"key":"b","site":"us"}"#).as_deref(), Some("site"));
        assert_eq!(difference(r#"{"key":"b"}"#).as_deref(), Some("site"));
        assert_eq!(
            difference(r#"{"key":"b","site":"eu","more":1}"#).as_deref(),
            Some("more")
        );
        assert_eq!(parsed("a").difference(&parsed("b"), &[]).unwrap(), None);
    }

    #[test]
    fn one_member_is_exchanged_and_its_id_kept_beside_it() {
        let document = parsed("{ \"site\":\"eu\",\r\n \"apiKey\": \"old\", \"n\":1.10 }");
        let next = document
            .with_key("apiKey", &password("new"))
            .unwrap()
            .with_id("apiKeyId", "7")
            .unwrap();
        assert_eq!(
            next.text().expose_secret(),
            "{ \"site\":\"eu\",\r\n \"apiKey\": \"new\", \"n\":1.10, \"apiKeyId\": \"7\" }"
        );
        let again = next.with_id("apiKeyId", "8").unwrap();
        assert!(again.text().expose_secret().ends_with("\"apiKeyId\": \"8\" }"));
        assert_eq!(again.plain("n").unwrap().as_deref(), Some("1.10"));
    }

    #[test]
    fn settings_are_an_object_of_strings_and_numbers() {
        let settings = parsed(r#"{"keywheel": {"provider": "p", "org": 7}}"#)
            .settings()
            .unwrap();
        assert_eq!(
            settings.into_iter().collect::<Vec<_>>(),
            [
                ("org".to_owned(), "7".to_owned()),
                ("provider".to_owned(), "p".to_owned())
            ]
        );
        for bad in [
            r#"{"keywheel": "p"}"#,
            r#"{"keywheel": {"provider": null}}"#,
            r#"{"keywheel": {"a": {}}}"#,
        ] {
            assert_eq!(
                parsed(bad).settings().unwrap_err().code(),
                "SecretFieldInvalid",
                "{bad}"
            );
        }
    }

    #[test]
    fn what_is_neither_is_refused_without_a_word_of_it() {
        for (text, code) in [
            ("", "SecretNotJson"),
            (" \n", "SecretNotJson"),
            ("[\"s3cret\"]", "SecretNotJson"),
            ("\"s3cret\"", "SecretNotJson"),
            ("\u{feff}s3cret", "SecretNotJson"),
            ("{\"s3cret\"", "SecretNotJson"),
            ("{\"s3cret\":1,\"s3cret\":2}", "SecretDuplicateKey"),
        ] {
            let error = KeyDocument::parse(&text.into()).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(
                !format!("{error} {error:?} {}", error.remedy()).contains("s3cret"),
                "{text}"
            );
        }
        for text in ["{}", "{\"k\":null}", "{\"k\":7}", "{\"k\":\"\"}"] {
            assert!(parsed(text).key("k").is_err(), "{text}");
        }
    }

    #[test]
    fn debug_hides_it_all() {
        assert!(!format!("{:?}", parsed("s3cret")).contains("s3cret"));
    }
}
