//! What templates are filled in with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use rotation::password::Password;
use rotation::secrets::KeyDocument;
use secrecy::{ExposeSecret, SecretString};

use crate::key::Key;

const DAY: u64 = 86_400;

type Json = serde_json::Value;
type Members = serde_json::Map<String, Json>;

/// The values by name, and what of them must never be shown.
#[derive(Clone, Default)]
pub(crate) struct Variables {
    values: BTreeMap<&'static str, Value>,
    secrets: Vec<SecretString>,
    used: Used,
}

impl Variables {
    /// None yet. What templates use of an admin secret is added to `used`.
    pub(crate) fn noting(used: &Used) -> Self {
        Self {
            used: used.clone(),
            ..Self::default()
        }
    }

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
        let Ok(members) = serde_json::from_str::<Members>(plain) else {
            self.hide(plain);
            return self.with(name, Value::from(plain));
        };
        let used = self.used.clone();
        self.with(name, Value::from_object(AdminDocument { members, used }))
    }

    /// What must never be shown: the credentials, and what templates have used of the admin secret.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let mut secrets = self.secrets.clone();
        secrets.extend(self.used.all());
        secrets
    }

    /// For the engine.
    pub(crate) fn value(&self) -> Value {
        object(self.values.iter().map(|(name, value)| (*name, value.clone())))
    }

    fn hide(&mut self, secret: &str) {
        self.secrets.push(secret.into());
    }
}

/// What a step's templates have used of the admin secret, so that the provider was told it. The other members are nobody's
/// business: to look for them in a provider's words would only hide these.
#[derive(Clone, Default)]
pub(crate) struct Used(Arc<Mutex<Vec<SecretString>>>);

impl Used {
    fn all(&self) -> Vec<SecretString> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All that is text or a number in a member.
    fn note(&self, member: &Json) {
        let text = match member {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Array(items) => return items.iter().for_each(|item| self.note(item)),
            Json::Object(members) => return members.values().for_each(|member| self.note(member)),
            Json::Null | Json::Bool(_) => return,
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(text.into());
    }
}

/// An admin secret that is an object. It notes which members are used.
struct AdminDocument {
    members: Members,
    used: Used,
}

impl fmt::Debug for AdminDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminDocument(..)")
    }
}

impl Object for AdminDocument {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let member = self.members.get(key.as_str()?)?;
        self.used.note(member);
        Some(Value::from(minijinja::value::Serde(member.clone())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.members.keys().map(|key| Value::from(key.as_str())).collect())
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

    #[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
    fn hidden(variables: &Variables) -> Vec<String> {
        let secrets = variables.secrets();
        secrets
            .iter()
            .map(|secret| secret.expose_secret().to_owned())
            .collect()
    }

    #[test]
    fn credentials_and_what_templates_use_of_the_admin_secret_are_hidden() {
        let key = Key {
            value: Some(Password::from("value".to_owned())),
            ..Key::default()
        };
        let used = Used::default();
        let variables = || {
            Variables::noting(&used)
                .with_key("key", &key)
                .with_secret("minted", &Password::from("minted".to_owned()))
                .with_document(
                    "admin",
                    &r#"{"env": "is", "token": "t", "id": 443, "b": {"c": ["deep", 7, null, true]}}"#.into(),
                )
        };
        let first = variables();
        assert_eq!(hidden(&first), ["value", "minted"]);
        template::text("{{ admin.token }}{{ admin.id }}", &first.value()).unwrap();
        assert_eq!(hidden(&first), ["value", "minted", "t", "443"]);
        // A later call of the same step: the provider may still repeat what an earlier one told it.
        let second = variables();
        template::text("{{ admin.b.c[0] }}", &second.value()).unwrap();
        assert_eq!(hidden(&second), ["value", "minted", "t", "443", "deep", "7"]);
    }

    #[test]
    fn an_admin_secret_with_members_is_never_written_whole() {
        let variables = Variables::default().with_document("admin", &r#"{"a": "x", "b": {"c": "y"}}"#.into());
        for template in ["{{ admin }}", "{{ admin.b }}"] {
            assert!(
                template::text(template, &variables.value()).is_err(),
                "{template}"
            );
        }
    }
}
