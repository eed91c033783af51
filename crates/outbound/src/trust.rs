//! Root certificates: the web's, or those that a setting names.

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{CertificateError, RootCertStore};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// Characters in a line of a PEM (RFC 7468, section 2).
const LINE: usize = 64;
/// Longest path that an error shows, in bytes.
const LONGEST_PATH: usize = 255;

/// The root certificates that browsers trust, as Mozilla lists them.
pub fn public_roots() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

/// Root certificates out of a setting. There is at least one, and each can be used.
#[derive(Debug)]
pub struct Bundle {
    roots: RootCertStore,
    pem: String,
}

impl Bundle {
    /// Reads the text of a PEM, or the path of one. One certificate that cannot be used makes the whole PEM suspect.
    ///
    /// A PEM that lost its line breaks is read too: `\n` as two characters, spaces, or nothing in their place.
    ///
    /// # Errors
    /// [`TrustError`]. It never quotes the PEM, which may hold a private key as well.
    pub fn read(value: &str) -> Result<Self, TrustError> {
        if value.contains(DASHES) && value.contains("BEGIN") {
            return Self::parse(value.as_bytes(), Place::Value);
        }
        let place = Place::file(value);
        match fs::read(value) {
            Ok(pem) => Self::parse(&pem, place),
            Err(error) => Err(TrustError::Unreadable { place, error }),
        }
    }

    fn parse(pem: &[u8], place: Place) -> Result<Self, TrustError> {
        let pem = str::from_utf8(pem).map_or(Cow::Borrowed(pem), |text| match with_line_breaks(text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        });
        let mut bundle = Self {
            roots: RootCertStore::empty(),
            pem: String::new(),
        };
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            if let Err(problem) = certificate
                .map_err(|error| not_pem(&error))
                .and_then(|certificate| bundle.add(&certificate))
            {
                let number = bundle.roots.len() + 1;
                return Err(TrustError::Certificate {
                    place,
                    number,
                    problem,
                });
            }
        }
        if bundle.roots.is_empty() {
            return Err(TrustError::Empty { place });
        }
        Ok(bundle)
    }

    fn add(&mut self, certificate: &CertificateDer<'_>) -> Result<(), &'static str> {
        self.roots
            .add(certificate.clone())
            .map_err(|error| not_x509(&error))?;
        self.pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let base64 = STANDARD.encode(certificate);
        for start in (0..base64.len()).step_by(LINE) {
            let end = base64.len().min(start + LINE);
            self.pem.push_str(&base64[start..end]);
            self.pem.push('\n');
        }
        self.pem.push_str("-----END CERTIFICATE-----\n");
        Ok(())
    }

    /// The certificates for rustls.
    pub fn into_roots(self) -> RootCertStore {
        self.roots
    }

    /// The certificates as a PEM, and nothing else that was in the setting.
    pub fn into_pem(self) -> String {
        self.pem
    }
}

/// Where certificates were looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the setting itself.
    Value,
    /// In the file with this path.
    File(String),
    /// In a file whose name is not shown: it does not look like a path, and may be a credential.
    HiddenFile,
}

impl Place {
    /// A piece of Base64 has no dot, and hardly ever begins with a slash.
    fn file(path: &str) -> Self {
        let plain = !path.contains(|c: char| c.is_control() || c.is_whitespace());
        let like_a_path = path.starts_with('/') || (path.contains('.') && !path.contains(['@', ':']));
        if plain && like_a_path && path.len() <= LONGEST_PATH {
            Self::File(path.to_owned())
        } else {
            Self::HiddenFile
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => f.write_str("the PEM in it"),
            Self::File(path) => write!(f, "the file {path:?}"),
            Self::HiddenFile => f.write_str("a file (its name is not shown)"),
        }
    }
}

/// Why a setting names no root certificates. The text continues a sentence that begins with the setting's name.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The value is no PEM, and no file that can be read.
    #[error("names {place}, which cannot be read: {error}")]
    Unreadable {
        /// The file.
        place: Place,
        /// The system's error.
        error: io::Error,
    },
    /// A certificate cannot be used.
    #[error("is unusable: certificate {number} of {place} {problem}")]
    Certificate {
        /// Where it stands.
        place: Place,
        /// Which one, from 1.
        number: usize,
        /// The cause, such as `is no PEM (its END line is missing)`.
        problem: &'static str,
    },
    /// There is no certificate.
    #[error("is unusable: {place} has no certificate")]
    Empty {
        /// Where it was looked for.
        place: Place,
    },
}

/// The library's own words would quote the text in decimal bytes.
fn not_pem(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "is no PEM (its END line is missing)",
        pem::Error::IllegalSectionStart { .. } => "is no PEM (its BEGIN line is damaged)",
        pem::Error::Base64Decode(_) => "is no PEM (its content is not Base64)",
        _ => "is no PEM (it cannot be read)",
    }
}

fn not_x509(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
            "is no X.509 certificate (its encoding is damaged)"
        }
        _ => "is no X.509 certificate that can be a root",
    }
}

/// The text with each marker on a line of its own, if no marker is: then it lost its line breaks.
fn with_line_breaks(text: &str) -> Cow<'_, str> {
    // Some editors begin a file with a byte-order mark, before the first marker.
    let text = text.trim_start_matches('\u{feff}');
    if !text.contains(BEGIN) || text.split(['\n', '\r']).any(is_begin_line) {
        return Cow::Borrowed(text);
    }
    // Base64 has no backslash, so that an escaped line break cannot be content.
    let text = text
        .replace("\\\\", "\\")
        .replace("\\r", "\n")
        .replace("\\n", "\n");
    let mut restored = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, marker, after)) = next_marker(rest) {
        for part in [before, "\n", marker, "\n"] {
            restored.push_str(part);
        }
        rest = after;
    }
    restored.push_str(rest);
    Cow::Owned(restored)
}

fn is_begin_line(line: &str) -> bool {
    let label = line
        .trim_end()
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_suffix(DASHES));
    label.is_some_and(|label| !label.contains('-'))
}

/// What stands before the next marker, the marker, and what stands behind it.
fn next_marker(text: &str) -> Option<(&str, &str, &str)> {
    let start = [BEGIN, END]
        .into_iter()
        .filter_map(|marker| text.find(marker))
        .min()?;
    let label = start + DASHES.len();
    let end = label + text[label..].find(DASHES)? + DASHES.len();
    Some((&text[..start], &text[start..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// A certificate, and its private key, as PEM.
    fn made() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["ca.example".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn refusal(value: &str) -> String {
        let text = Bundle::read(value).unwrap_err().to_string();
        assert!(text.len() < 400, "{text}");
        text
    }

    /// Fails if the text has eight characters in a row of the content of `pem`, or of its bytes in decimal.
    #[track_caller]
    fn quotes_nothing(text: &str, pem: &str) {
        let content: String = pem.lines().filter(|line| !line.starts_with(DASHES)).collect();
        assert!(!content.is_empty());
        for run in content.as_bytes().windows(8) {
            assert!(!text.contains(str::from_utf8(run).unwrap()), "{text}");
            let decimal: Vec<_> = run[..3].iter().map(u8::to_string).collect();
            assert!(!text.contains(&decimal.join(", ")), "{text}");
        }
    }

    fn file(name: &str, content: &[u8]) -> String {
        let name = format!("outbound-trust-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_pem_and_a_file_of_one_are_read() {
        let pem = made().0 + "# a comment\n" + &made().0;
        let path = file("good.pem", pem.as_bytes());
        for value in [&pem, &path] {
            assert_eq!(Bundle::read(value).unwrap().into_roots().len(), 2);
        }
        fs::remove_file(Path::new(&path)).unwrap();
    }

    #[test]
    fn the_checked_pem_has_the_certificates_and_nothing_else() {
        let (certificate, key) = made();
        let pem = format!("# ours\n{key}{certificate}");
        let checked = Bundle::read(&pem).unwrap().into_pem();
        assert_eq!(checked, certificate.replace("\r\n", "\n"));
        let again = Bundle::read(&checked).unwrap();
        assert_eq!(again.roots.len(), 1);
        assert_eq!(again.into_pem(), checked);
    }

    #[test]
    fn a_pem_that_lost_its_line_breaks_is_read() {
        let (certificate, key) = made();
        let pem = format!("{certificate}{}{key}", made().0).replace("\r\n", "\n");
        let expected = Bundle::read(&pem).unwrap().into_pem();
        for (what, value) in [
            ("escaped", pem.replace('\n', "\\n")),
            ("escaped as on Windows", pem.replace('\n', "\\r\\n")),
            ("escaped twice", pem.replace('\n', "\\\\n")),
            ("spaces", pem.replace('\n', " ")),
            ("tabs", pem.replace('\n', "\t")),
            ("nothing", pem.replace('\n', "")),
            ("quoted", format!("\"{}\"", pem.replace('\n', "\\n"))),
            (
                "indented",
                pem.replace('\n', "\n    ").replacen("-----", "    -----", 1),
            ),
            ("a byte-order mark", format!("\u{feff}{pem}")),
            ("old Macintosh", pem.replace('\n', "\r")),
        ] {
            assert_eq!(Bundle::read(&value).unwrap().into_pem(), expected, "{what}");
        }
    }

    #[test]
    fn a_pem_without_a_usable_certificate_is_an_error_that_names_the_place() {
        for (pem, problem) in [
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "certificate 1 of the PEM in it is no X.509 certificate (its encoding is damaged)",
            ),
            (
                "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
                "certificate 1 of the PEM in it is no PEM (its content is not Base64)",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n",
                "certificate 1 of the PEM in it is no PEM (its END line is missing)",
            ),
            (
                "-----BEGIN CERTIFICATE AAAA",
                "certificate 1 of the PEM in it is no PEM (its BEGIN line is damaged)",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "the PEM in it has no certificate",
            ),
        ] {
            assert_eq!(refusal(pem), format!("is unusable: {problem}"));
        }
    }

    #[test]
    fn the_error_names_the_certificates_number() {
        let pem = format!("{}{}-----BEGIN CERTIFICATE-----\nAAAA\n", made().0, made().0);
        assert!(refusal(&pem).contains("certificate 3 of the PEM in it"));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        assert!(
            refusal("/nowhere/at/all")
                .starts_with("names the file \"/nowhere/at/all\", which cannot be read: ")
        );
        assert!(refusal("/").contains("cannot be read"));
        for content in [&b""[..], b"not a certificate", &[0xff; 64]] {
            let path = file("bad.pem", content);
            assert_eq!(
                refusal(&path),
                format!("is unusable: the file {path:?} has no certificate")
            );
            fs::remove_file(Path::new(&path)).unwrap();
        }
    }

    #[test]
    fn what_is_no_path_is_not_shown() {
        let (_, key) = made();
        let content: String = key.lines().filter(|line| !line.starts_with(DASHES)).collect();
        for value in [
            content.clone(),
            format!("KEY {content}."),
            "a/b".to_owned(),
            String::new(),
        ] {
            let text = refusal(&value);
            assert!(
                text.starts_with("names a file (its name is not shown), which cannot be read: "),
                "{text}"
            );
            quotes_nothing(&text, &key);
        }
    }

    #[test]
    fn no_error_quotes_a_private_key() {
        let (certificate, key) = made();
        let pem = format!("{key}{certificate}");
        let damaged = pem.replace('\n', "\\n").replace("-----END", "----END");
        let cut = &pem.replace('\n', " ")[..pem.len() - 20];
        let unmarked = pem.replace("-----BEGIN", "—-BEGIN");
        let dollars = pem.replace('\n', "$");
        for value in [&damaged, cut, &unmarked, &dollars, &key] {
            quotes_nothing(&refusal(value), &key);
            let debug = format!("{:?}", Bundle::read(value).unwrap_err());
            quotes_nothing(&debug, &key);
        }
    }

    #[test]
    fn public_roots_are_there() {
        assert!(public_roots().len() > 100);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_stands_for_a_line_break_the_certificates_are_the_same(
            breaks in prop::collection::vec(prop::sample::select(vec!["\\n", "\\r\\n", "\\\\n", " ", "  ", "\t", ""]), 1..8),
        ) {
            let pem = made().0.replace("\r\n", "\n");
            let mut breaks = breaks.iter().cycle();
            let value: String = pem
                .lines()
                .flat_map(|line| [line, breaks.next().unwrap()])
                .collect();
            prop_assert_eq!(Bundle::read(&value).unwrap().into_pem(), pem);
        }

        #[test]
        fn no_value_makes_it_panic(value in "(-----BEGIN |-----END |CERTIFICATE|-----|[ -~\n]{0,4}|é){0,12}") {
            let _ = Bundle::read(&value);
        }
    }
}
