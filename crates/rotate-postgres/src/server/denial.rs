//! What a failed login means. Pure: the server's words or the driver's error in, a verdict out.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;

use crate::fault::{Hint, PostgresFault, Said};
use crate::server::cleartext_guard::CleartextAsked;
use crate::server::endpoint::Endpoint;
use crate::server::scrub::Scrub;
use outbound::{TlsFailure, TlsKind, chain, shortened_name as shortened};

/// Why there is no session.
#[derive(Debug)]
pub(crate) enum Denial {
    /// The server refused this credential (SQLSTATE 28P01, 28000), or a pooler did: another one may be tried.
    Refused(Said),
    /// Anything else: another credential would not help.
    Failed(PostgresFault),
}

impl From<PostgresFault> for Denial {
    fn from(fault: PostgresFault) -> Self {
        Self::Failed(fault)
    }
}

/// Judges what came of a login as `role`.
pub(crate) fn judge(
    error: &tokio_postgres::Error,
    endpoint: &Endpoint,
    role: &str,
    scrub: &Scrub<'_>,
) -> Denial {
    if let Some(answer) = error.as_db_error() {
        return answered(scrub.said(answer), endpoint, role);
    }
    let server = endpoint.server();
    let detail = scrub.clean(&chain(error));
    if find::<CleartextAsked>(error).is_some() {
        return PostgresFault::CleartextRefused { server }.into();
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return handshake(tls, endpoint).into();
    }
    match error.to_string().as_str() {
        "error performing TLS handshake" => PostgresFault::TlsFailed { server, detail },
        "authentication error" => authentication(server, role, &chain(error), detail),
        _ if error.is_closed() => lost(server, "logging in", detail),
        "error communicating with the server" => match find::<io::Error>(error).map(io::Error::kind) {
            // What the driver's parser says of bytes that are no message.
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
                PostgresFault::NotPostgres { server, detail }
            }
            _ => lost(server, "logging in", detail),
        },
        // Messages that are none, or come out of turn.
        _ => PostgresFault::NotPostgres { server, detail },
    }
    .into()
}

/// Judges an answer of the server by its SQLSTATE (PostgreSQL, appendix A).
fn answered(said: Said, endpoint: &Endpoint, role: &str) -> Denial {
    let (server, dbname, role) = (endpoint.server(), shortened(&endpoint.dbname), role.to_owned());
    match said.state.as_str() {
        "28P01" | "28000" => return Denial::Refused(said),
        _ if said.hint() == Hint::DecidedByPooler => return Denial::Refused(said),
        "3D000" => PostgresFault::DatabaseUnknown { server, dbname, said },
        "42501" => PostgresFault::ConnectDenied { role, dbname, said },
        "53300" => PostgresFault::ServerFull { server, said },
        "57P01" | "57P02" | "57P03" => PostgresFault::ServerStarting { server, said },
        _ => PostgresFault::ServerError {
            server,
            doing: "logging in",
            said,
        },
    }
    .into()
}

fn handshake(error: &rustls::Error, endpoint: &Endpoint) -> PostgresFault {
    let (server, failure) = (endpoint.server(), TlsFailure::of(error));
    let detail = failure.problem;
    match failure.kind {
        TlsKind::Untrusted => PostgresFault::CertificateUntrusted { server, detail },
        TlsKind::AnotherName => name_mismatch(endpoint, error),
        TlsKind::OutOfDate => PostgresFault::CertificateExpired { server, detail },
        TlsKind::Certificate => PostgresFault::CertificateUnusable { server, detail },
        TlsKind::ClientCertificate | TlsKind::Protocol => PostgresFault::TlsFailed { server, detail },
    }
}

fn name_mismatch(endpoint: &Endpoint, error: &rustls::Error) -> PostgresFault {
    let presented: &[String] = match error {
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
            presented
        }
        _ => &[],
    };
    let (server, expected) = (endpoint.server(), shortened(&endpoint.server_name));
    if presented.is_empty() {
        return PostgresFault::CertificateNamesNoHost { server, expected };
    }
    let names: Vec<String> = presented.iter().take(5).map(|name| plain_name(name)).collect();
    PostgresFault::CertificateNameMismatch {
        server,
        expected,
        presented: names.join(", "),
    }
}

/// `DnsName("db")` is `db`. A certificate's names are whatever its maker wrote, so the rest is escaped.
fn plain_name(name: &str) -> String {
    let inner = name
        .strip_prefix("DnsName(\"")
        .and_then(|rest| rest.strip_suffix("\")"));
    inner.unwrap_or(name).escape_default().to_string()
}

/// The server's signature is the end of SCRAM; all else is a method that the driver does not have. The driver's errors are told
/// apart by their text: all are an `io::Error` of the kind `InvalidInput`, and none comes from the server. `detail` is what may be
/// shown of it.
fn authentication(server: String, role: &str, text: &str, detail: String) -> PostgresFault {
    if text.contains("SCRAM verification error") || text.contains("invalid nonce") {
        PostgresFault::ServerNotProven {
            server,
            role: role.to_owned(),
            detail,
        }
    } else {
        PostgresFault::AuthenticationUnsupported { server, detail }
    }
}

/// The connection ended while `doing`.
pub(crate) fn lost(server: String, doing: &str, detail: String) -> PostgresFault {
    PostgresFault::ConnectionLost {
        server,
        doing: doing.to_owned(),
        detail,
    }
}

/// The first error of a type in a chain, looking into what an I/O error wraps.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    None
}
