//! Why a TLS handshake failed, in words. The library's own words are often a `Debug` dump, with lists of bytes.

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

const DAY: i64 = 86_400;

/// What is wrong, and what kind of thing would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure {
    /// Who is to do what about it.
    pub kind: TlsKind,
    /// What is wrong: of a certificate, a clause that begins with "it".
    pub problem: String,
}

/// What kind of thing would mend a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsKind {
    /// Trust in the authority that signed the certificate.
    Untrusted,
    /// The right name, or a certificate that has it.
    AnotherName,
    /// A certificate that is valid today.
    OutOfDate,
    /// Another certificate.
    Certificate,
    /// A server that asks for no client certificate.
    ClientCertificate,
    /// A server with a modern TLS.
    Protocol,
}

impl TlsFailure {
    /// Puts the library's error into words.
    pub fn of(error: &Error) -> Self {
        let new = |kind, problem: &str| Self {
            kind,
            problem: problem.to_owned(),
        };
        let protocol = |problem: String| Self {
            kind: TlsKind::Protocol,
            problem,
        };
        match error {
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            Error::NoCertificatesPresented => new(TlsKind::Certificate, "the server presents no certificate"),
            Error::AlertReceived(AlertDescription::CertificateRequired) => new(
                TlsKind::ClientCertificate,
                "the server asks for a client certificate (alert CertificateRequired)",
            ),
            Error::AlertReceived(alert) => protocol(format!(
                "the server refused the handshake (alert {})",
                identifier(alert)
            )),
            Error::PeerIncompatible(why) => protocol(format!(
                "the server and this function have no TLS version, cipher or kind of key in common ({})",
                identifier(why)
            )),
            Error::InvalidMessage(_) => protocol("what the server sent is not TLS".to_owned()),
            other => protocol(format!("the handshake broke off ({})", identifier(other))),
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        use CertificateError as E;
        let (kind, problem) = match error {
            E::UnknownIssuer => (
                TlsKind::Untrusted,
                "no authority that is trusted has signed it".to_owned(),
            ),
            E::Revoked => (TlsKind::Untrusted, "its authority has revoked it".to_owned()),
            E::NotValidForName => (TlsKind::AnotherName, "it is for another name".to_owned()),
            E::NotValidForNameContext { presented, .. } if presented.is_empty() => (
                TlsKind::AnotherName,
                "it names no host: it has no subjectAltName, and a common name does not count".to_owned(),
            ),
            E::NotValidForNameContext { .. } => (TlsKind::AnotherName, "it is for other names".to_owned()),
            E::Expired => (TlsKind::OutOfDate, "it is out of date".to_owned()),
            E::ExpiredContext { not_after, .. } => (
                TlsKind::OutOfDate,
                format!("it was valid until {}", date(*not_after)),
            ),
            E::NotValidYet => (TlsKind::OutOfDate, "it is not valid yet".to_owned()),
            E::NotValidYetContext { not_before, .. } => (
                TlsKind::OutOfDate,
                format!("it is not valid before {}", date(*not_before)),
            ),
            // Which of the two it is, the library does not tell.
            E::BadSignature => (
                TlsKind::Untrusted,
                "it is signed with another key than the one that the trusted authority of this name has, or a key is too short (RSA needs 2048 bits: make new ones)"
                    .to_owned(),
            ),
            E::UnsupportedSignatureAlgorithmContext { .. } => (
                TlsKind::Certificate,
                "it is signed in a way that is no longer accepted, such as with SHA-1 or MD5".to_owned(),
            ),
            E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
                TlsKind::Certificate,
                "it is signed with a kind of key that is not accepted".to_owned(),
            ),
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => (
                TlsKind::Certificate,
                "it is not for servers (its extended key usage lacks serverAuth)".to_owned(),
            ),
            E::BadEncoding => (TlsKind::Certificate, "its encoding is damaged".to_owned()),
            E::UnhandledCriticalExtension => (TlsKind::Certificate, UNKNOWN_EXTENSION.to_owned()),
            E::InvalidOcspResponse
            | E::UnknownRevocationStatus
            | E::ExpiredRevocationList
            | E::ExpiredRevocationListContext { .. } => (
                TlsKind::Certificate,
                "whether it is revoked could not be found out".to_owned(),
            ),
            E::Other(other) => (TlsKind::Certificate, of_webpki(&identifier(&other.0))),
            other => (
                TlsKind::Certificate,
                format!("it cannot be used ({})", identifier(other)),
            ),
        };
        Self { kind, problem }
    }
}

const UNKNOWN_EXTENSION: &str = "it has a critical extension that is not known here";

/// What the library has no variant of its own for. Its names are told apart by their text.
fn of_webpki(name: &str) -> String {
    match name {
        "CaUsedAsEndEntity" => "it is a certificate authority's own (CA:TRUE), not a server's",
        "EndEntityUsedAsCa" => "it is signed by a certificate that is no authority's (CA:TRUE is missing)",
        "UnsupportedCertVersion" => "it is X.509 version 1 or 2, not 3",
        "UnsupportedCriticalExtension" => UNKNOWN_EXTENSION,
        "PathLenConstraintViolated" => "its chain is longer than an authority in it allows (pathlen)",
        "NameConstraintViolation" => {
            "an authority in its chain may not sign for this name (name constraints)"
        }
        "MaximumPathDepthExceeded" | "MaximumPathBuildCallsExceeded" | "MaximumSignatureChecksExceeded" => {
            "its chain is too long"
        }
        "MalformedExtensions"
        | "ExtensionValueInvalid"
        | "EmptyEkuExtension"
        | "MalformedDnsIdentifier"
        | "MalformedNameConstraint"
        | "InvalidNetworkMaskConstraint" => "one of its extensions is malformed",
        "InvalidSerialNumber" => "its serial number is malformed",
        "SignatureAlgorithmMismatch" => "it names two different ways in which it is signed",
        name => return format!("it cannot be used ({name})"),
    }
    .to_owned()
}

/// The name of a variant, without what it holds.
fn identifier(value: &dyn std::fmt::Debug) -> String {
    let shown = format!("{value:?}");
    shown.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// The day, in UTC (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(time: UnixTime) -> String {
    let days = i64::try_from(time.as_secs()).unwrap_or(i64::MAX) / DAY + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::{AlgorithmIdentifier, alg_id};
    use rustls::{OtherError, PeerIncompatible, PeerMisbehaved};

    use super::*;

    fn words(error: impl Into<Error>) -> String {
        TlsFailure::of(&error.into()).problem
    }

    #[test]
    fn dates_are_days() {
        let day = |seconds| date(UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_399), "2000-02-28");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(951_868_800), "2000-03-01");
        assert_eq!(day(4_102_444_799), "2099-12-31");
    }

    #[test]
    fn no_words_have_a_list_or_a_structure() {
        let algorithm: AlgorithmIdentifier = alg_id::ECDSA_SHA256;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_700_000_000));
        let certificate = [
            CertificateError::BadEncoding,
            CertificateError::ExpiredContext {
                time: now,
                not_after: now,
            },
            CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: algorithm.as_ref().to_vec(),
                supported_algorithms: vec![algorithm],
            },
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: algorithm.as_ref().to_vec(),
                public_key_algorithm_id: algorithm.as_ref().to_vec(),
            },
            CertificateError::InvalidPurpose,
            CertificateError::UnhandledCriticalExtension,
            CertificateError::ApplicationVerificationFailure,
            CertificateError::UnknownRevocationStatus,
            CertificateError::Other(OtherError(std::sync::Arc::new(std::io::Error::other("x")))),
        ];
        let others = [
            Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
            Error::PeerMisbehaved(PeerMisbehaved::BadCertChainExtensions),
            Error::AlertReceived(AlertDescription::HandshakeFailure),
            Error::InappropriateMessage {
                expect_types: vec![rustls::ContentType::Handshake],
                got_type: rustls::ContentType::ApplicationData,
            },
            Error::General("a\nb [1, 2]".to_owned()),
        ];
        let all = certificate.into_iter().map(Error::from).chain(others);
        for text in all.map(words) {
            assert!(!text.contains(['[', '{', '"', '\n']), "{text}");
            assert!(!text.contains("Context"), "{text}");
        }
        assert_eq!(
            words(Error::AlertReceived(AlertDescription::HandshakeFailure)),
            "the server refused the handshake (alert HandshakeFailure)"
        );
    }
}
