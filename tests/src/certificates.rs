//! Certificates for the test servers: good ones, and each kind of bad one.

use std::fs;
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use uuid::Uuid;

/// The names that a proper server certificate of the harness carries.
pub const SERVER_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "db.keywheel.test"];

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("no certificate could be made")]
pub struct CertificateError(#[from] rcgen::Error);

/// A certification authority that exists for one test.
pub struct Authority {
    pem: String,
    params: CertificateParams,
    issuer: Issuer<'static, KeyPair>,
}

/// What openssl alone makes: certificates of yesterday.
#[derive(Clone, Copy, Debug)]
pub enum Old {
    /// X.509 version 1, which has no extensions.
    Version1,
    /// Signed with an RSA key of 1024 bits.
    ShortKey,
    /// Signed with SHA-1.
    Sha1,
}

/// A server's certificate with its key, both PEM.
#[derive(Clone)]
pub struct ServerCertificate {
    /// The certificate.
    pub certificate_pem: String,
    /// Its private key, PKCS #8.
    pub key_pem: String,
}

impl Authority {
    /// A new authority with a key of its own: what it signs is worth nothing to a client that trusts another one.
    pub fn new() -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        // Two authorities of the same name would be one whose signatures are wrong, to a client.
        params.distinguished_name.push(
            DnType::CommonName,
            format!("Keywheel test authority {}", Uuid::new_v4()),
        );
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key)?.pem();
        Ok(Self {
            pem,
            issuer: Issuer::new(params.clone(), key),
            params,
        })
    }

    /// The authority's own certificate, PEM: what a client is given to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A valid certificate for `names`: host names or IP addresses.
    pub fn server(&self, names: &[&str]) -> Result<ServerCertificate, CertificateError> {
        self.sign(names, 2099)
    }

    /// A certificate for `names` that ran out in 2021.
    pub fn expired(&self, names: &[&str]) -> Result<ServerCertificate, CertificateError> {
        self.sign(names, 2021)
    }

    /// One that is valid from 2098 on.
    pub fn not_yet_valid(&self, names: &[&str]) -> Result<ServerCertificate, CertificateError> {
        self.signed(names, 2099, |params| {
            params.not_before = date_time_ymd(2098, 1, 1);
        })
    }

    /// One for clients only.
    pub fn for_clients(&self, names: &[&str]) -> Result<ServerCertificate, CertificateError> {
        self.signed(names, 2099, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    /// One that is an authority's itself.
    pub fn authority(&self, names: &[&str]) -> Result<ServerCertificate, CertificateError> {
        self.signed(names, 2099, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        })
    }

    /// One that names the host in its common name alone.
    pub fn common_name_only(&self, name: &str) -> Result<ServerCertificate, CertificateError> {
        self.signed(&[], 2099, |params| {
            params.distinguished_name.push(DnType::CommonName, name);
        })
    }

    /// One that nobody but its own key has signed.
    pub fn self_signed(names: &[&str]) -> Result<ServerCertificate, CertificateError> {
        let key = KeyPair::generate()?;
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let certificate = CertificateParams::new(names)?.self_signed(&key)?;
        Ok(ServerCertificate {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }

    /// Another authority of the same name, whose signatures do not fit this one's key.
    pub fn impostor(&self) -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let params = self.params.clone();
        let pem = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params.clone(), key);
        Ok(Self { pem, params, issuer })
    }

    fn sign(&self, names: &[&str], last_year: i32) -> Result<ServerCertificate, CertificateError> {
        self.signed(names, last_year, |_| ())
    }

    fn signed(
        &self,
        names: &[&str],
        last_year: i32,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<ServerCertificate, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Keywheel test server");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(ServerCertificate {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

/// A certificate as openssl makes it, and the PEM of the authority that signed it.
///
/// # Panics
/// If openssl is not there, or does not make it.
pub fn old(kind: Old) -> (String, ServerCertificate) {
    const SCRIPT: &str = r#"
set -eu
openssl req -x509 -newkey rsa:"$2" -nodes -keyout ca.key -out ca.crt -days 9000 -subj "/CN=Keywheel old authority" -sha256 2>&1
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost -sha256 2>&1
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >extensions
if [ "$1" = 1 ]; then set -- 1 "$2" "$3"; else set -- 3 "$2" "$3" -extfile extensions; fi
hash=$3
shift 3
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 9000 "-$hash" "$@" 2>&1
"#;
    let (version, bits, hash) = match kind {
        Old::Version1 => ("1", "2048", "sha256"),
        Old::ShortKey => ("3", "1024", "sha256"),
        Old::Sha1 => ("3", "2048", "sha1"),
    };
    let directory = tempfile::tempdir().expect("there is room");
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", SCRIPT, "openssl", version, bits, hash])
        .current_dir(directory.path());
    let output = shell.output().expect("a shell runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "openssl: {said}");
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).expect("openssl has written it");
    let certificate = ServerCertificate {
        certificate_pem: read("server.crt"),
        key_pem: read("server.key"),
    };
    (read("ca.crt"), certificate)
}
