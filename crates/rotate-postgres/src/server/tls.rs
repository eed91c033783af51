//! What the TLS side of a connection checks: everything, or everything but the name.

use std::sync::{Arc, OnceLock};

use rotation::secrets::TlsMode;
use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, NamedGroup,
    SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::settings::roots::Roots;

/// Makes TLS connections. Roots are parsed when the first one is made, and kept for the next.
#[derive(Debug)]
pub(crate) struct Tls {
    roots: Roots,
    full: OnceLock<Arc<ClientConfig>>,
    chain: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// A side that trusts `roots`.
    pub(crate) fn new(roots: Roots) -> Self {
        Self {
            roots,
            full: OnceLock::new(),
            chain: OnceLock::new(),
        }
    }

    /// The connector for a mode; none for plain text.
    pub(crate) fn connector(&self, mode: TlsMode) -> Option<MakeRustlsConnect> {
        Some(MakeRustlsConnect::new(ClientConfig::clone(self.config(mode)?)))
    }

    /// How a connection begins that is TLS from the first byte.
    pub(crate) fn client_hello(&self, mode: TlsMode, name: &str) -> Option<Vec<u8>> {
        let mut config = ClientConfig::clone(self.config(mode)?);
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        let name = ServerName::try_from(name.to_owned()).ok()?;
        let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
        let mut hello = Vec::new();
        connection.write_tls(&mut hello).ok()?;
        Some(hello)
    }

    fn config(&self, mode: TlsMode) -> Option<&Arc<ClientConfig>> {
        Some(match mode {
            TlsMode::Disable => return None,
            TlsMode::VerifyFull => self.full.get_or_init(|| Arc::new(config(verifier(&self.roots)))),
            TlsMode::VerifyCa => self
                .chain
                .get_or_init(|| Arc::new(config(Arc::new(AnyName(verifier(&self.roots)))))),
        })
    }
}

/// P-256 first: the key of the first group is sent along. PostgreSQL before 18 knows no other group unless it is told, and would ask for
/// that one first, which is a round trip more in each login. Later versions take it, too.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    provider
        .kx_groups
        .sort_by_key(|group| group.name() != NamedGroup::secp256r1);
    Arc::new(provider)
}

fn verifier(roots: &Roots) -> Arc<WebPkiServerVerifier> {
    WebPkiServerVerifier::builder_with_provider(roots.store(), provider())
        .build()
        .expect("there is at least one root, and no revocation list that could be malformed")
}

fn config(verifier: Arc<dyn ServerCertVerifier>) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // Each login checks the certificate again.
    config.resumption = Resumption::disabled();
    config
}

/// Checks the chain, the dates and the handshake, but tolerates a certificate for another name: libpq's
/// `verify-ca`, for own roots only ([`Endpoint::of`](crate::server::endpoint::Endpoint::of)). The wrapped verifier looks at the name last, after all that.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PostgreSQL 17 and earlier would answer any other with a request for this one.
    #[test]
    fn the_key_that_is_sent_along_is_of_the_one_group_that_every_server_has() {
        let hello = Tls::new(Roots::Web)
            .client_hello(TlsMode::VerifyFull, "db.example.com")
            .unwrap();
        // RFC 8446, section 4.2.8: extension 51 (key_share), its length, the list's length, and the first group.
        let first = |bytes: &[u8]| match *bytes {
            [0, 51, _, _, _, _, high, low] => Some(u16::from_be_bytes([high, low])),
            _ => None,
        };
        let groups: Vec<_> = hello.windows(8).filter_map(first).collect();
        assert!(groups.contains(&u16::from(NamedGroup::secp256r1)), "{groups:x?}");
    }
}
