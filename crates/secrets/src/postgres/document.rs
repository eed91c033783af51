//! The JSON form.

use password::Password;
use secrecy::zeroize::Zeroizing;

use super::base64;
use super::declared::Declared;
use super::fields::{self, Fields, PORT, TEXT};
use crate::error::DocumentError;
use crate::json::{Kind, Member, Object};
use crate::shown::Shown;
use crate::tls::{self, TlsMode};

/// AWS writes the first two. The third is what PostgreSQL calls itself; nothing else can be meant by it.
const ENGINES: [&str; 3] = ["postgres", "aurora-postgresql", "postgresql"];

const BASE64: &str = "the Base64 of a text, since BASE64_MEMBERS lists it";

/// Reads a JSON document.
pub(super) fn read(text: &str, declared: &Declared) -> Result<Fields, DocumentError> {
    let object = Reader {
        object: Object::parse(text)?,
        declared,
    };
    // The engine first: a document of another database differs in its other keys as well.
    let engine = engine(&object)?;
    let required = |key| string(&object, key)?.ok_or_else(|| DocumentError::missing(key));
    Ok(Fields {
        engine,
        username: required("username")?,
        password: required("password").map(Password::from)?,
        host: host(&object, "host")?,
        port: port(&object)?,
        dbname: dbname(&object)?,
        masterarn: arn(&object, "masterarn")?,
        ownerrole: string(&object, "ownerrole")?,
        tls: tls::combine(ssl(&object)?, sslmode(&object)?)?,
        tls_server_name: host(&object, "tls_server_name")?,
    })
}

/// An object, and which of its members are Base64.
struct Reader<'t, 'd> {
    object: Object<'t>,
    declared: &'d Declared,
}

impl<'t> Reader<'t, '_> {
    fn get(&self, key: &str) -> Option<Member<'t>> {
        self.object.get(key)
    }

    /// The string of a member, decoded if it is Base64.
    fn text(
        &self,
        member: Member<'_>,
        key: &'static str,
        expected: &'static str,
    ) -> Result<String, DocumentError> {
        let written = Zeroizing::new(member.string(key, expected)?);
        if !self.declared.is_base64(key) {
            return Ok(written.to_string());
        }
        let text = base64::decode(&written)
            .ok_or_else(|| DocumentError::invalid(key, "not the Base64 of a text", BASE64))?;
        Ok(text.to_string())
    }

    /// Whether a member is to be read as a string.
    fn is_text(&self, member: Member<'_>, key: &str) -> bool {
        member.kind() == Kind::String || self.declared.is_base64(key)
    }
}

fn string(object: &Reader<'_, '_>, key: &'static str) -> Result<Option<String>, DocumentError> {
    let Some(member) = object.get(key) else {
        return Ok(None);
    };
    let value = object.text(member, key, TEXT)?;
    fields::check_text(key, &value)?;
    Ok(Some(value))
}

fn engine(object: &Reader<'_, '_>) -> Result<Option<String>, DocumentError> {
    let engine = string(object, "engine")?;
    match &engine {
        Some(other) if !ENGINES.contains(&other.as_str()) => Err(DocumentError::invalid(
            "engine",
            Shown(other).to_string(),
            "postgres or aurora-postgresql, or attach the secret to a function for its own engine",
        )),
        _ => Ok(engine),
    }
}

fn host(object: &Reader<'_, '_>, key: &'static str) -> Result<Option<String>, DocumentError> {
    let Some(member) = object.get(key) else {
        return Ok(None);
    };
    let host = object.text(member, key, fields::HOST)?;
    fields::check_host(key, &host)?;
    Ok(Some(host))
}

fn arn(object: &Reader<'_, '_>, key: &'static str) -> Result<Option<String>, DocumentError> {
    let arn = string(object, key)?;
    if let Some(arn) = &arn {
        fields::check_secret_arn(key, arn)?;
    }
    Ok(arn)
}

fn port(object: &Reader<'_, '_>) -> Result<Option<u16>, DocumentError> {
    let Some(member) = object.get("port") else {
        return Ok(None);
    };
    if object.is_text(member, "port") || member.kind() != Kind::Number {
        return fields::port(&object.text(member, "port", PORT)?).map(Some);
    }
    fields::port(member.raw()).map(Some)
}

fn dbname(object: &Reader<'_, '_>) -> Result<Option<String>, DocumentError> {
    match (string(object, "dbname")?, string(object, "database")?) {
        (Some(one), Some(other)) if one != other => Err(DocumentError::Contradictory {
            one: "dbname".to_owned(),
            other: "database".to_owned(),
        }),
        (one, other) => Ok(one.or(other)),
    }
}

fn ssl(object: &Reader<'_, '_>) -> Result<Option<bool>, DocumentError> {
    let Some(member) = object.get("ssl") else {
        return Ok(None);
    };
    match member.kind() {
        Kind::Boolean => Ok(Some(member.raw() == "true")),
        _ if object.is_text(member, "ssl") => tls::ssl_word(&object.text(member, "ssl", TEXT)?).map(Some),
        other => Err(tls::ssl_invalid(other.to_string())),
    }
}

fn sslmode(object: &Reader<'_, '_>) -> Result<Option<TlsMode>, DocumentError> {
    let Some(member) = object.get("sslmode") else {
        return Ok(None);
    };
    match member.kind() {
        _ if object.is_text(member, "sslmode") => {
            tls::sslmode_word(&object.text(member, "sslmode", TEXT)?).map(Some)
        }
        other => Err(tls::sslmode_invalid(other.to_string())),
    }
}
