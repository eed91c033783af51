//! What templates are filled in with.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use minijinja::Value;
use rotation::password::Password;
use rotation::secrets::KeyDocument;
use secrecy::{ExposeSecret, SecretString};

use crate::key::Key;

const DAY: u64 = 86_400;
/// A shorter number is a port, or an account's number, rather than a credential.
const LONG_NUMBER: usize = 8;

/// The values by name, and what of them must never be shown.
#[derive(Clone, Default)]
pub(crate) struct Variables {
    values: BTreeMap<&'static str, Value>,
    secrets: Vec<SecretString>,
}

impl Variables {
    /// Sets a name to something that is no credential.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.values.insert(name, value.into());
        self
    }

    /// Sets a name to several things that are no credentials.
    #[must_use]
    pub(crate) fn with_all(self, name: &'static str, values: &BTreeMap<String, String>) -> Self {
        self.with(
            name,
            object(
                values
                    .iter()
                    .map(|(key, value)| (key.clone(), Value::from(value.as_str()))),
            ),
        )
    }

    /// Sets a name to a key.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "templates write the credential into requests"
    )]
    pub(crate) fn with_key(mut self, name: &'static str, key: &Key) -> Self {
        let mut members = BTreeMap::new();
        if let Some(value) = &key.value {
            members.insert("value", Value::from(value.expose_secret()));
            self.hide(value.expose_secret());
        }
        if let Some(id) = &key.id {
            // With some providers the id is the credential.
            members.insert("id", Value::from(id.as_str()));
        }
        if let Some(key_name) = &key.name {
            members.insert("name", Value::from(key_name.as_str()));
        }
        self.with(name, object(members))
    }

    /// Sets a name to a credential.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "templates write the credential into requests"
    )]
    pub(crate) fn with_secret(mut self, name: &'static str, secret: &Password) -> Self {
        self.hide(secret.expose_secret());
        let value = Value::from(secret.expose_secret());
        self.with(name, value)
    }

    /// Sets a name to an admin secret: the bare credential, or the strings and numbers of an object.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "templates write the credential into requests"
    )]
    pub(crate) fn with_document(mut self, name: &'static str, text: &SecretString) -> Self {
        let plain = text.expose_secret().trim();
        let Ok(members) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(plain) else {
            self.hide(plain);
            return self.with(name, Value::from(plain));
        };
        members.values().for_each(|value| self.hide_all(value));
        self.with(name, Value::from(minijinja::value::Serde(members)))
    }

    /// What must never be shown.
    pub(crate) fn secrets(&self) -> &[SecretString] {
        &self.secrets
    }

    /// For the engine.
    pub(crate) fn value(&self) -> Value {
        object(self.values.iter().map(|(name, value)| (*name, value.clone())))
    }

    /// All that is text in a member of an admin secret, and numbers that are long enough for a credential.
    fn hide_all(&mut self, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) => self.hide(text),
            serde_json::Value::Number(number) => {
                let digits = number.to_string();
                if digits.len() >= LONG_NUMBER {
                    self.hide(&digits);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.hide_all(item)),
            serde_json::Value::Object(members) => members.values().for_each(|member| self.hide_all(member)),
            serde_json::Value::Null | serde_json::Value::Bool(_) => {}
        }
    }

    fn hide(&mut self, secret: &str) {
        self.secrets.push(secret.into());
    }
}

/// An object of the engine.
fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Value)>) -> Value {
    Value::from_object(
        members
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect::<BTreeMap<String, Value>>(),
    )
}

/// Whether an admin secret is an object, and not a bare string; none if it can be none.
pub(crate) fn is_object(text: &SecretString) -> Option<bool> {
    Some(KeyDocument::parse(text).ok()?.is_object())
}

/// What `{{ expires… }}` is: `days` after `now`.
pub(crate) fn expires(now: SystemTime, days: u32) -> Value {
    let seconds = u64::from(days) * DAY;
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let unix = i64::try_from(since + seconds).unwrap_or(i64::MAX);
    let rfc3339 = DateTime::from_secs(unix)
        .fmt(Format::DateTime)
        .unwrap_or_default();
    let date = rfc3339.split('T').next().unwrap_or_default().to_owned();
    object([
        ("date", Value::from(date)),
        ("rfc3339", Value::from(rfc3339)),
        ("unix", Value::from(unix)),
        ("seconds", Value::from(seconds)),
    ])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::notation::template;

    #[test]
    fn an_expiry_is_a_date_a_moment_and_a_number() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(490_872);
        let variables = Variables::default().with("expires", expires(now, 60)).value();
        let filled = |source: &str| template::text(source, &variables).unwrap();
        assert_eq!(filled("{{ expires.date }}"), "2026-03-01");
        assert_eq!(filled("{{ expires.rfc3339 }}"), "2026-03-01T00:00:00Z");
        assert_eq!(
            filled("{{ expires.unix }} {{ expires.seconds }}"),
            "1772323200 5184000"
        );
    }

    #[test]
    fn an_admin_secret_is_a_string_or_an_object() {
        let filled = |document: &str, source: &str| {
            let variables = Variables::default().with_document("admin", &document.into());
            template::text(source, &variables.value())
        };
        assert_eq!(filled(" token\n", "{{ admin }}").unwrap(), "token");
        assert_eq!(
            filled(r#"{"a": "x", "n": 7}"#, "{{ admin.a }}{{ admin.n }}").unwrap(),
            "x7"
        );
        assert!(filled(r#"{"a": "x"}"#, "{{ admin.b }}").is_err());
        assert!(filled("token", "{{ admin.a }}").is_err());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
    fn all_credentials_are_known_to_be_hidden() {
        let key = Key {
            value: Some(Password::from("value".to_owned())),
            ..Key::default()
        };
        let variables = Variables::default()
            .with_key("key", &key)
            .with_secret("minted", &Password::from("minted".to_owned()))
            .with_document(
                "admin",
                &r#"{"a": "admin", "b": {"c": ["deep", 12345678, 443, null, true]}}"#.into(),
            );
        let hidden: Vec<_> = variables
            .secrets()
            .iter()
            .map(|secret| secret.expose_secret().to_owned())
            .collect();
        assert_eq!(hidden, ["value", "minted", "admin", "deep", "12345678"]);
    }
}
