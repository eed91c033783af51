//! The JSON form.

use password::Password;

use super::fields::{self, Fields, PORT, TEXT};
use crate::error::DocumentError;
use crate::json::{Kind, Object};
use crate::shown::Shown;
use crate::tls::{self, TlsMode};

/// AWS writes the first two. The third is what PostgreSQL calls itself; nothing else can be meant by it.
const ENGINES: [&str; 3] = ["postgres", "aurora-postgresql", "postgresql"];

/// Reads a JSON document.
pub(super) fn read(text: &str) -> Result<Fields, DocumentError> {
    let object = Object::parse(text)?;
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

fn string(object: &Object<'_>, key: &'static str) -> Result<Option<String>, DocumentError> {
    let Some(member) = object.get(key) else {
        return Ok(None);
    };
    let value = member.string(key, TEXT)?;
    fields::check_text(key, &value)?;
    Ok(Some(value))
}

fn engine(object: &Object<'_>) -> Result<Option<String>, DocumentError> {
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

fn host(object: &Object<'_>, key: &'static str) -> Result<Option<String>, DocumentError> {
    let Some(member) = object.get(key) else {
        return Ok(None);
    };
    let host = member.string(key, fields::HOST)?;
    fields::check_host(key, &host)?;
    Ok(Some(host))
}

fn arn(object: &Object<'_>, key: &'static str) -> Result<Option<String>, DocumentError> {
    let arn = string(object, key)?;
    if let Some(arn) = &arn {
        fields::check_secret_arn(key, arn)?;
    }
    Ok(arn)
}

fn port(object: &Object<'_>) -> Result<Option<u16>, DocumentError> {
    let Some(member) = object.get("port") else {
        return Ok(None);
    };
    match member.kind() {
        Kind::Number => fields::port(member.raw()).map(Some),
        _ => fields::port(&member.string("port", PORT)?).map(Some),
    }
}

fn dbname(object: &Object<'_>) -> Result<Option<String>, DocumentError> {
    match (string(object, "dbname")?, string(object, "database")?) {
        (Some(one), Some(other)) if one != other => Err(DocumentError::Contradictory {
            one: "dbname".to_owned(),
            other: "database".to_owned(),
        }),
        (one, other) => Ok(one.or(other)),
    }
}

fn ssl(object: &Object<'_>) -> Result<Option<bool>, DocumentError> {
    let Some(member) = object.get("ssl") else {
        return Ok(None);
    };
    match member.kind() {
        Kind::Boolean => Ok(Some(member.raw() == "true")),
        Kind::String => tls::ssl_word(&member.string("ssl", TEXT)?).map(Some),
        other => Err(tls::ssl_invalid(other.to_string())),
    }
}

fn sslmode(object: &Object<'_>) -> Result<Option<TlsMode>, DocumentError> {
    let Some(member) = object.get("sslmode") else {
        return Ok(None);
    };
    match member.kind() {
        Kind::String => tls::sslmode_word(&member.string("sslmode", TEXT)?).map(Some),
        other => Err(tls::sslmode_invalid(other.to_string())),
    }
}
