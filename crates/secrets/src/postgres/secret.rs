//! A PostgreSQL secret: its fields, and its exact text.

use std::fmt;

use password::Password;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::bare;
use super::base64;
use super::copies::{self, CopyRules, Doubt, Known};
use super::declared::Declared;
use super::fields::{DEFAULT_PORT, Fields};
use super::{document, url};
use crate::error::{DocumentError, NotJson};
use crate::json;
use crate::text::{check_size, span_of, splice, splice_all};
use crate::tls::TlsMode;

/// A PostgreSQL secret: what it says, and its exact text.
///
/// # Forms
/// A **JSON object**. Its keys that are read are [`FIELDS`](crate::FIELDS); all others are the user's, and kept.
///
/// `null` is an error for each of them: leave out a key that has no value. The character
/// U+0000, which PostgreSQL cannot take, is refused.
///
/// A **URL**, `postgres://` or `postgresql://user:password@host:port/dbname?sslmode=…`, bare, as libpq reads it. Host, port
/// and database may be missing. White space around it is kept, and not part of it. Where drivers
/// would read it differently it is refused: more than one `@`, a bare `#`, several hosts, a
/// user, password, host, port or database given as a parameter.
///
/// A **bare password**, if the operator says whose it is ([`Declared`]). White space around it is kept, and not part of it.
#[derive(Clone)]
pub struct PostgresSecret {
    text: SecretString,
    form: Form,
    fields: Fields,
    declared: Declared,
}

/// A secret with another credential, and what became of the copies of the old one.
#[derive(Debug)]
pub struct Rotated {
    /// The secret with the new credential.
    pub secret: PostgresSecret,
    /// The members that were changed with it, in back quotes.
    pub changed: Vec<String>,
    /// The members that were not, though they have something of the old credential.
    pub doubts: Vec<Doubt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Url,
    Bare,
}

impl PostgresSecret {
    /// Reads a secret's text. Nothing is guessed: what cannot be relied on is an error.
    pub fn parse(text: &SecretString) -> Result<Self, DocumentError> {
        Self::parse_declared(text, &Declared::default())
    }

    /// The same, for a secret that does not say everything itself.
    #[expect(
        clippy::disallowed_methods,
        reason = "a document is read here, and leaves as typed fields"
    )]
    pub fn parse_declared(text: &SecretString, declared: &Declared) -> Result<Self, DocumentError> {
        let plain = text.expose_secret();
        check_size(plain.len())?;
        let (form, fields) = match (Form::of(plain), &declared.login) {
            (Ok(Form::Json), _) => (Form::Json, document::read(plain, declared)?),
            (Ok(Form::Url), _) => (Form::Url, url::read(plain)?),
            (Err(NotJson::Text) | Ok(Form::Bare), Some(login)) => (Form::Bare, bare::read(plain, login)?),
            (Ok(Form::Bare), None) => return Err(NotJson::Text.into()),
            (Err(other), _) => return Err(other.into()),
        };
        Ok(Self {
            text: text.clone(),
            form,
            fields,
            declared: declared.clone(),
        })
    }

    /// Reads another version of the same secret.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_like(&self, text: &SecretString) -> Result<Self, DocumentError> {
        Self::parse_declared(text, &self.declared)
    }

    /// Whether a text is neither JSON nor a URL, nor broken in a way that only these are: a bare password, if anything.
    #[expect(clippy::disallowed_methods, reason = "only how the text begins is looked at")]
    pub fn may_be_bare(text: &SecretString) -> bool {
        matches!(Form::of(text.expose_secret()), Err(NotJson::Text))
    }

    /// Whether the password is the whole text, and only the operator says whose it is.
    pub fn is_bare(&self) -> bool {
        self.form == Form::Bare
    }

    /// Characters that a new password must not have, so that this form can hold it.
    pub fn unfit_characters(&self) -> &'static str {
        match self.form {
            Form::Json | Form::Url => "",
            Form::Bare => bare::UNFIT,
        }
    }

    /// The password, if it is to be read in the other way: decoded from Base64 where nobody has declared it, or as it is written where
    /// somebody has. None if it cannot be read so.
    #[expect(
        clippy::disallowed_methods,
        reason = "a password is read in another way, and leaves as one"
    )]
    pub fn password_read_otherwise(&self) -> Option<Password> {
        let password = self.fields.password.expose_secret();
        if self.is_base64("password") {
            let object = json::Object::parse(self.text.expose_secret()).ok()?;
            return object
                .get("password")?
                .string("password", "a string")
                .ok()
                .map(Password::from);
        }
        let decoded = base64::decode(password)?;
        let plausible = !decoded.is_empty() && !decoded.contains(char::is_control);
        plausible.then(|| Password::from(decoded.to_string()))
    }

    /// Whether the operator says that this member is Base64.
    pub fn is_base64(&self, key: &str) -> bool {
        self.form == Form::Json && self.declared.is_base64(key)
    }

    /// The same document with another password: of the text, only the password's own bytes change.
    ///
    /// If the password is the same already, in whatever spelling, the text stays as it is.
    ///
    /// # Errors
    /// The password is empty or has the character U+0000, or the text would be larger than
    /// [`MAX_BYTES`](crate::MAX_BYTES).
    #[expect(
        clippy::disallowed_methods,
        reason = "the new text is for Secrets Manager, and leaves as a SecretString"
    )]
    pub fn with_password(&self, password: &Password) -> Result<Self, DocumentError> {
        if *password == self.fields.password {
            return Ok(self.clone());
        }
        let text = match self.form {
            Form::Json => self.replaced("password", password)?,
            Form::Url => url::replace_password(self.text.expose_secret(), password.expose_secret())?,
            Form::Bare => {
                let plain = self.text.expose_secret();
                splice(plain, bare::span(plain), password.expose_secret())?
            }
        };
        // Read back as any document is: what would be refused later is not written now.
        self.parse_like(&text)
    }

    /// The same document for another user, with that user's password: of the text, only the bytes of these two change.
    ///
    /// # Errors
    /// Those of [`with_password`](Self::with_password); the name is empty or has the character U+0000.
    #[expect(
        clippy::disallowed_methods,
        reason = "the new text is for Secrets Manager, and leaves as a SecretString"
    )]
    pub fn with_credentials(&self, username: &str, password: &Password) -> Result<Self, DocumentError> {
        let text = match self.form {
            // A name is no password, but any string of a document is replaced in the same way.
            Form::Json => self.replaced("username", &Password::from(username.to_owned()))?,
            Form::Url => url::replace_username(self.text.expose_secret(), username)?,
            // Its readers know the user from elsewhere.
            Form::Bare => return Err(NotJson::Text.into()),
        };
        self.parse_like(&text)?.with_password(password)
    }

    /// The same document for another user, or the same one, with a password, and with its copies of both changed as `rules` say.
    ///
    /// Of the text, only the bytes of the credential and of its copies change. A copy keeps its encoding. A URL as the whole
    /// secret has no copies.
    ///
    /// # Errors
    /// Those of [`with_credentials`](Self::with_credentials); a member of `rules.members` is no copy.
    #[expect(
        clippy::disallowed_methods,
        reason = "the new text is for Secrets Manager, and leaves as a SecretString"
    )]
    pub fn rotated(
        &self,
        username: &str,
        password: &Password,
        rules: &CopyRules,
    ) -> Result<Rotated, DocumentError> {
        let plain = self.text.expose_secret();
        let (mut edits, mut changed, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
        if self.form == Form::Json {
            let known = Known {
                user: self.username(),
                password: self.password(),
                host: self.host().or(rules.host.as_deref()),
                port: self.port().or(rules.port).unwrap_or(DEFAULT_PORT),
            };
            let decision = copies::decide(plain, &known, (username, password), rules)?;
            (edits, changed, doubts) = (decision.edits, decision.changed, decision.doubts);
        }
        let secret = if edits.is_empty() {
            self.with_user_and_password(username, password)?
        } else {
            // One text at once: the places of the copies are those of the old text.
            let object = json::Object::parse(plain)?;
            let own = [("username", username), ("password", password.expose_secret())];
            for (key, new) in own {
                let member = object.get(key).ok_or_else(|| DocumentError::missing(key))?;
                let written = self.written(key, &member.string(key, "a string")?, new);
                if member.string(key, "a string")? != *written {
                    edits.push((span_of(member.raw(), plain), json::encode(&written)));
                }
            }
            self.parse_like(&splice_all(plain, edits)?)?
        };
        Ok(Rotated {
            secret,
            changed,
            doubts,
        })
    }

    /// `new` as it is to be written in the place of `old`, the text of the member `key`.
    fn written(&self, key: &str, old: &str, new: &str) -> Zeroizing<String> {
        if self.is_base64(key) {
            base64::encode(new, old)
        } else {
            Zeroizing::new(new.to_owned())
        }
    }

    /// The text with another string at the top-level `key`.
    #[expect(
        clippy::disallowed_methods,
        reason = "the new text is for Secrets Manager, and leaves as a SecretString"
    )]
    fn replaced(&self, key: &'static str, new: &Password) -> Result<SecretString, DocumentError> {
        let object = json::Object::parse(self.text.expose_secret())?;
        let member = object.get(key).ok_or_else(|| DocumentError::missing(key))?;
        let written = self.written(key, &member.string(key, "a string")?, new.expose_secret());
        json::replace_string(&self.text, key, &Password::from(written.to_string()))
    }

    fn with_user_and_password(&self, username: &str, password: &Password) -> Result<Self, DocumentError> {
        if username == self.username() {
            self.with_password(password)
        } else {
            self.with_credentials(username, password)
        }
    }

    /// The exact text, as it goes to Secrets Manager.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// The role that logs in; never empty.
    pub fn username(&self) -> &str {
        &self.fields.username
    }

    /// Its password; never empty.
    pub fn password(&self) -> &Password {
        &self.fields.password
    }

    /// The server's name or address, an IPv6 address without brackets; none if it must be found elsewhere.
    pub fn host(&self) -> Option<&str> {
        self.fields.host.as_deref()
    }

    /// The server's port; none means PostgreSQL's 5432.
    pub fn port(&self) -> Option<u16> {
        self.fields.port
    }

    /// The database to log in to, from `dbname` or `database`; none means `postgres`.
    pub fn dbname(&self) -> Option<&str> {
        self.fields.dbname.as_deref()
    }

    /// What kind of server the document names: `postgres`, `aurora-postgresql` or `postgresql`.
    pub fn engine(&self) -> Option<&str> {
        self.fields.engine.as_deref()
    }

    /// The ARN of the admin secret.
    pub fn masterarn(&self) -> Option<&str> {
        self.fields.masterarn.as_deref()
    }

    /// The NOLOGIN role that alternating users act as, where it is a role of its own.
    pub fn ownerrole(&self) -> Option<&str> {
        self.fields.ownerrole.as_deref()
    }

    /// How to protect the connection; none if the document is silent.
    pub fn tls(&self) -> Option<TlsMode> {
        self.fields.tls
    }

    /// The name to look for in the server's certificate instead of the host's.
    pub fn tls_server_name(&self) -> Option<&str> {
        self.fields.tls_server_name.as_deref()
    }
}

impl fmt::Debug for PostgresSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSecret")
            .field("form", &self.form)
            .field("username", &self.fields.username)
            .field("host", &self.fields.host)
            .field("port", &self.fields.port)
            .field("dbname", &self.fields.dbname)
            .field("tls", &self.fields.tls)
            .finish_non_exhaustive()
    }
}

impl Form {
    /// Tells the forms apart by how the text begins.
    fn of(text: &str) -> Result<Self, NotJson> {
        let begin = text.trim_start_matches([' ', '\t', '\r', '\n']);
        match begin.chars().next() {
            None => Err(NotJson::Empty),
            Some('\u{feff}') => Err(NotJson::ByteOrderMark),
            Some('{') => Ok(Self::Json),
            Some('[') => Err(NotJson::Array),
            Some('"') => Err(NotJson::String),
            Some(_) if url::strip_scheme(begin).is_some() => Ok(Self::Url),
            Some(_) if begin.contains("://") => Err(NotJson::ForeignUrl),
            Some(_) => Err(NotJson::Text),
        }
    }
}
