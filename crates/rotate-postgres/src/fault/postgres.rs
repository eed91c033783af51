//! The causes, with the text of each. The name of a variant is its code, unless `serialize` gives another one.

use rotation::TimedOut;
use rotation::password::OsGeneratorFailed;
use rotation::secrets::Mismatch;
use strum::VariantNames;

use super::said::{Attempts, Hint, Said, Tried};

/// Every code of a `PostgresFault`; each has a page in `docs/runbook`. A code is stable, a text may change.
pub const CODES: &[&str] = PostgresFault::VARIANTS;

/// Why a rotation cannot go on. `server` is `host:port` throughout; `role` is a name as the document spells it.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum PostgresFault {
    /// A setting of the function that cannot be used.
    #[error("the environment variable {name} {problem}")]
    #[strum(serialize = "ConfigurationInvalid")]
    SettingInvalid {
        name: &'static str,
        problem: String,
        expected: &'static str,
    },
    /// The password, or what is as good, may be sent; the connection is not encrypted.
    #[error("PASSWORD_SENT_AS is not verifier, but the secret asks for a connection without TLS")]
    CleartextNeedsTls,
    /// Without the name a public authority's signature proves nothing: anybody gets one for a name of their own.
    #[error(
        "verify-ca needs PGSSLROOTCERT: any certificate of a public authority, for whatever name, would do"
    )]
    #[strum(serialize = "ConfigurationInvalid")]
    VerifyCaNeedsRoots,
    /// Neither the document nor the environment names a host.
    #[error("the secret has no `host`, and the function has no PGHOST")]
    HostMissing,
    /// A bare password that nothing says whose it is.
    #[error(
        "the secret is a bare password, and nothing names its {what}: neither {setting} of the function nor the secret's tag {tag}"
    )]
    LoginUnnamed {
        what: &'static str,
        setting: &'static str,
        tag: &'static str,
    },
    /// Who may tag a secret need not be able to write it.
    #[error(
        "the secret's tags ({tags}) would make it the password of {login}, which TAGS_MAY_CHOOSE of the function does not list"
    )]
    TagNotAllowed { tags: String, login: String },
    /// Of two users the secret must say which one is current.
    #[error("the secret is a bare password, which cannot say which of two alternating users is current")]
    BarePasswordAlternates,
    /// The password is right, but not as it is read.
    #[error("the server {server} refuses the password of {role:?} {read}, and takes it {otherwise}")]
    PasswordEncoded {
        role: String,
        server: String,
        read: &'static str,
        otherwise: &'static str,
    },
    /// The same, after a value was made that is written in the wrong way and that nobody has set.
    #[error("the server {server} refuses the password of {role:?} {read}, and takes it {otherwise}")]
    #[strum(serialize = "PasswordEncoded")]
    PendingEncoded {
        role: String,
        server: String,
        read: &'static str,
        otherwise: &'static str,
    },
    /// A name that PostgreSQL would cut, or cannot have.
    #[error("the role name {role:?} {problem}")]
    RoleNameInvalid { role: String, problem: &'static str },
    /// TLS is asked for, with a name that no certificate can carry.
    #[error("{name:?} is not a name that a certificate can be checked against")]
    TlsNameInvalid { name: String },
    /// The admin secret does not name the same server.
    #[error("the superuser secret {admin} is not for the server {server}: {problem}")]
    SuperuserSecretForAnotherServer {
        admin: String,
        server: String,
        problem: String,
    },
    /// The pending version is not a rotation of the current one.
    #[error(transparent)]
    PendingNamesAnotherTarget(#[from] Mismatch),
    /// No random numbers, no password.
    #[error(transparent)]
    OsGeneratorFailed(#[from] OsGeneratorFailed),
    /// `masterarn` leads back to the same user.
    #[error("the superuser secret {admin} is for the very role {role:?} that is to be rotated")]
    SuperuserIsTheUser { admin: String, role: String },

    /// No address for the name.
    #[error("the name {host} leads to no address: {detail}")]
    HostUnknown { host: String, detail: String },
    /// The machine itself, a link-local address, a metadata service.
    #[error("the host {host} is at an address that no database has: it {why}")]
    HostAddressRefused { host: String, why: &'static str },
    /// Nobody listens.
    #[error("the connection to {server} was refused")]
    ConnectionRefused { server: String },
    /// No way there.
    #[error("there is no route to {server}: {detail}")]
    HostUnreachable { server: String, detail: String },
    /// Packets are swallowed, or the server accepts and says nothing.
    #[error("{0}")]
    ServerSilent(TimedOut),
    /// One of the two above, or a connection that ended early: an Aurora cluster that is paused does all of that while
    /// it resumes.
    #[error(transparent)]
    #[strum(serialize = "ServerSilent")]
    MayResume(Box<PostgresFault>),
    /// The connection ended in the middle.
    #[error("the connection to {server} was lost while {doing}: {detail}")]
    ConnectionLost {
        server: String,
        doing: String,
        detail: String,
    },
    /// Something answers, but not PostgreSQL.
    #[error("{server} does not speak PostgreSQL's protocol: {detail}")]
    NotPostgres { server: String, detail: String },

    /// The server has no TLS, and the secret does not say that it needs none.
    #[error("the server {server} offers no TLS")]
    TlsNotOffered { server: String },
    /// Nobody that is trusted vouches for the certificate.
    #[error("the certificate of {server} is not trusted: {detail}")]
    CertificateUntrusted { server: String, detail: String },
    /// A certificate for other names.
    #[error("the certificate of {server} is not for {expected:?} but for {presented}")]
    CertificateNameMismatch {
        server: String,
        expected: String,
        presented: String,
    },
    /// A certificate with a common name and no subjectAltName.
    #[error(
        "the certificate of {server} names no host, so not {expected:?} either: it has no subjectAltName, and a common name does not count"
    )]
    #[strum(serialize = "CertificateNameMismatch")]
    CertificateNamesNoHost { server: String, expected: String },
    /// One that no trust would help.
    #[error("the certificate of {server} cannot be used: {detail}")]
    #[strum(serialize = "TlsFailed")]
    CertificateUnusable { server: String, detail: String },
    /// Out of date, or not yet valid.
    #[error("the certificate of {server} is not valid today: {detail}")]
    CertificateExpired { server: String, detail: String },
    /// Any other end of the handshake.
    #[error("the TLS handshake with {server} failed: {detail}")]
    TlsFailed { server: String, detail: String },
    /// Something in front of the server that ends TLS: it takes the request for TLS for a broken handshake.
    #[error(
        "{server} speaks TLS from the first byte only (sslnegotiation=direct): asked for TLS in PostgreSQL's way, {answer}"
    )]
    #[strum(serialize = "TlsFailed")]
    TlsFromTheFirstByte { server: String, answer: &'static str },
    /// A server without TLS wants to be told the password.
    #[error("the server {server} asks for the password in clear text over a connection without TLS")]
    CleartextRefused { server: String },
    /// Kerberos, GSS, SSPI, or SCRAM of a kind that the driver does not have.
    #[error("the server {server} asks for a way to log in that is not supported: {detail}")]
    AuthenticationUnsupported { server: String, detail: String },
    /// SCRAM is mutual: this server let us in without knowing the password.
    #[error("the server {server} did not prove that it knows the password of {role:?}: {detail}")]
    ServerNotProven {
        server: String,
        role: String,
        detail: String,
    },

    /// The same for a login that succeeded, where it must show whose password it was.
    #[error("the server {server} did not prove that it knows the password of {role:?}: {detail}")]
    #[strum(serialize = "ServerNotProven")]
    LoginProvesNothing {
        server: String,
        role: String,
        detail: &'static str,
    },
    /// `trust`, `ident`, a pooler that trusts, or an impostor: any password would have done.
    #[error("the server {server} let {role:?} in without asking for a password")]
    PasswordNotAsked { server: String, role: String },

    /// No credential logs in.
    #[error("no credential of role {role:?} logs in at {server}: {}", Attempts(tried))]
    LoginRefused {
        role: String,
        server: String,
        tried: Vec<Tried>,
        /// Who else than the server decided.
        decided: Hint,
    },
    /// The pending value does not log in.
    #[error("role {role:?} cannot log in at {server} with the pending password: {said}")]
    PendingRefused {
        role: String,
        server: String,
        said: Said,
    },
    /// A pooler has the passwords itself, so that it would refuse a new one.
    #[error(
        "a pooler at {server} has the password of {role:?} in a list of its own, and would refuse a new one: its SCRAM salt differs from login to login"
    )]
    PoolerHasPasswords { role: String, server: String },
    /// No such database.
    #[error("the server {server} has no database {dbname:?}: {said}")]
    DatabaseUnknown {
        server: String,
        dbname: String,
        said: Said,
    },
    /// The role may not connect to the database.
    #[error("role {role:?} may not connect to the database {dbname:?}: {said}")]
    ConnectDenied {
        role: String,
        dbname: String,
        said: Said,
    },
    /// No connection slot left.
    #[error("the server {server} has no connection to spare: {said}")]
    ServerFull { server: String, said: Said },
    /// Starting up, recovering or shutting down.
    #[error("the server {server} is starting up or shutting down: {said}")]
    ServerStarting { server: String, said: Said },
    /// Anything else that the server says.
    #[error("the server {server} failed while {doing}: {said}")]
    ServerError {
        server: String,
        doing: &'static str,
        said: Said,
    },

    /// Logged in, to a server that cannot change anything.
    #[error("{server} is a read-only standby")]
    ReadOnlyStandby { server: String },
    /// A pooler or a user name map turned the role into another.
    #[error("a login as {role:?} at {server} gave a session of {actual:?}")]
    SessionOfAnotherRole {
        server: String,
        role: String,
        actual: String,
    },
    /// It would take a verifier for a password.
    #[error("the server {server} is PostgreSQL {version}, which has no SCRAM")]
    ServerTooOld { server: String, version: String },

    /// The role's row is locked.
    #[error("role {role:?} is locked by another transaction: {said}")]
    RoleLocked { role: String, said: Said },
    /// The server did not finish in time.
    #[error("ALTER ROLE {role:?} ran into the statement time limit: {said}")]
    StatementTimeout { role: String, said: Said },
    /// A commit waits for it without end, and so do all others.
    #[error(
        "no synchronous standby answers the server {server}, which waits for one at each commit (synchronous_standby_names = {names:?})"
    )]
    StandbyMissing { server: String, names: String },
    /// Two at the same role.
    #[error("somebody else is changing role {role:?} at the same moment: {said}")]
    RoleBusy { role: String, said: Said },
    /// Logged in, and may not change the password.
    #[error("the password of role {role:?} may not be changed by {by:?}: {said}")]
    PrivilegeMissing { role: String, by: String, said: Said },
    /// The server's policy rejects this value, which was not set.
    #[error("the server's password policy rejects the new password of role {role:?}: {said}")]
    PasswordRejected { role: String, said: Said },
    /// The same of a value that only a test rotation made.
    #[error("the server's password policy would reject a new password of role {role:?}: {said}")]
    #[strum(serialize = "PasswordRejected")]
    PasswordWouldBeRejected { role: String, said: Said },
    /// The server's policy must see the password.
    #[error("the server's password policy takes no hashed password for role {role:?}: {said}")]
    PolicyNeedsCleartext { role: String, said: Said },
    /// The admin finds no such role.
    #[error("the server {server} has no role {role:?}")]
    RoleUnknown { server: String, role: String },
    /// The operator's own test.
    #[error("TEST_SQL failed as role {role:?}: {problem}")]
    TestSqlFailed { role: String, problem: String },
    /// Past `VALID UNTIL`: no password logs in.
    #[error("role {role:?} is past its VALID UNTIL ({until})")]
    RoleExpired { role: String, until: String },
    /// `NOLOGIN`.
    #[error("role {role:?} has NOLOGIN")]
    RoleMayNotLogIn { role: String },
    /// A person who may write the secret must not get such a role by naming it there.
    #[error(
        "role {role:?} is, or is a member of, the powerful role {powerful:?}; a superuser secret resets ordinary roles only"
    )]
    RolePowerful { role: String, powerful: String },
}

impl PostgresFault {
    /// The same, if the server may be one that is waking up.
    #[must_use]
    pub(crate) fn of_what_may_resume(self) -> Self {
        match self {
            Self::ServerSilent(_) | Self::ConnectionRefused { .. } | Self::ConnectionLost { .. } => {
                Self::MayResume(Box::new(self))
            }
            other => other,
        }
    }
}
