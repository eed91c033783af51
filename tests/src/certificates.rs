//! Certificates for the test servers: good ones, and each kind of bad one.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
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
    issuer: Issuer<'static, KeyPair>,
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
    /// A new authority with a key of its own: what it signs is worth nothing to whoever trusts another one.
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
            issuer: Issuer::new(params, key),
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

    fn sign(&self, names: &[&str], last_year: i32) -> Result<ServerCertificate, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Keywheel test server");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(ServerCertificate {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}
