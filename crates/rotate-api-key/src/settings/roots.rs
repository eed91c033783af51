//! Whom a connection trusts.

use std::sync::{Arc, OnceLock};

use outbound::{Bundle, public_roots};
use rustls::{ClientConfig, RootCertStore};

use crate::fault::ProviderFault;

const NAME: &str = "PROVIDER_CA_BUNDLE";
const EXPECTED: &str = "the path of a PEM file, or the PEM itself";

/// The web's authorities, or those of a PEM instead.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    own: Option<Arc<RootCertStore>>,
    /// Made when it is first used: a test against plain HTTP, and a rotation that is done already, need none.
    client: OnceLock<Arc<ClientConfig>>,
}

impl Roots {
    /// Reads `PROVIDER_CA_BUNDLE`: none, the text of a PEM, or the path of one.
    ///
    /// # Errors
    /// `ConfigurationInvalid` for a file that cannot be read, and for a PEM with a certificate that cannot be used.
    pub(crate) fn from_setting(value: Option<String>) -> Result<Self, ProviderFault> {
        let Some(value) = value else {
            return Ok(Self::default());
        };
        let bundle = Bundle::read(&value).map_err(|error| ProviderFault::ConfigurationInvalid {
            name: NAME,
            problem: error.to_string(),
            expected: EXPECTED,
        })?;
        Ok(Self {
            own: Some(Arc::new(bundle.into_roots())),
            client: OnceLock::new(),
        })
    }

    /// The settings of a TLS client, with ring, that verifies.
    ///
    /// # Panics
    /// Never: ring has the cipher suites of both versions.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let client = self.client.get_or_init(|| {
            let roots = self.own.clone().unwrap_or_else(|| Arc::new(public_roots()));
            let config =
                ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                    .with_safe_default_protocol_versions()
                    .expect("ring has the cipher suites of TLS 1.2 and 1.3")
                    .with_root_certificates(roots)
                    .with_no_client_auth();
            Arc::new(config)
        });
        Arc::clone(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: &str) -> String {
        Roots::from_setting(Some(value.to_owned()))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_bundle_without_certificates_is_refused_by_name() {
        assert!(refusal("/nowhere/at/all").contains("PROVIDER_CA_BUNDLE names the file"));
        assert!(refusal(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).contains("has no certificate"));
        assert!(
            refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").contains("certificate 1")
        );
    }

    #[test]
    fn without_a_setting_the_webs_authorities_are_trusted() {
        let roots = Roots::from_setting(None).unwrap();
        assert!(Arc::ptr_eq(&roots.client(), &roots.client()));
    }
}
