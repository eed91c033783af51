//! Whom a connection trusts.

use std::sync::Arc;

use outbound::{Bundle, public_roots};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::fault::PostgresFault;

/// The authorities of RDS, Aurora and RDS Proxy; the file says which regions. `scripts/refresh-rds-roots` writes it.
const RDS: &str = include_str!("../../roots/rds.pem");

const NAME: &str = "PGSSLROOTCERT";
const EXPECTED: &str = "the path of a PEM file, the PEM itself, or system";

/// Authorities that may sign a server's certificate.
#[derive(Debug, Clone)]
pub(crate) enum Roots {
    /// RDS's, shipped inside, and the web's.
    BuiltIn,
    /// The web's alone: `system`.
    Web,
    /// Those of a PEM; they replace the others, as they do for libpq.
    Own(Arc<RootCertStore>),
}

impl Roots {
    /// Reads `PGSSLROOTCERT`: none, `system`, the text of a PEM, or the path of one.
    ///
    /// # Errors
    /// `ConfigurationInvalid` for a file that cannot be read, and for a PEM without a certificate that can be used.
    pub(crate) fn from_setting(value: Option<String>) -> Result<Self, PostgresFault> {
        let Some(value) = value else {
            return Ok(Self::BuiltIn);
        };
        if value == "system" {
            return Ok(Self::Web);
        }
        let bundle = Bundle::read(&value).map_err(|error| PostgresFault::SettingInvalid {
            name: NAME,
            problem: error.to_string(),
            expected: EXPECTED,
        })?;
        Ok(Self::Own(Arc::new(bundle.into_roots())))
    }

    /// The authorities, parsed. Costs about a millisecond for the built-in ones: only where TLS is really used.
    pub(crate) fn store(&self) -> Arc<RootCertStore> {
        match self {
            Self::BuiltIn => {
                let mut store = public_roots();
                store.add_parsable_certificates(CertificateDer::pem_slice_iter(RDS.as_bytes()).flatten());
                Arc::new(store)
            }
            Self::Web => Arc::new(public_roots()),
            Self::Own(store) => Arc::clone(store),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(RDS.as_bytes())
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn every_shipped_certificate_parses_and_the_header_counts_them() {
        let mut store = RootCertStore::empty();
        assert_eq!(store.add_parsable_certificates(shipped()), (shipped().len(), 0));
        assert!(RDS.contains(&format!("# {} of its ", shipped().len())));
    }

    #[test]
    fn the_three_current_roots_of_each_covered_region_are_there() {
        let covered = RDS
            .split("# Covered (")
            .nth(1)
            .unwrap()
            .split("# Not covered")
            .next()
            .unwrap();
        let regions: Vec<&str> = covered
            .lines()
            .skip(1)
            .flat_map(|line| line.trim_start_matches('#').split_whitespace())
            .collect();
        assert_eq!(regions.len(), 27);
        for region in regions {
            for kind in ["RSA2048", "RSA4096", "ECC384"] {
                assert!(
                    RDS.contains(&format!("# Amazon RDS {region} Root CA {kind} G1, until 2")),
                    "{region} {kind}"
                );
            }
        }
    }

    #[test]
    fn the_built_in_roots_are_rds_and_the_web() {
        let web = Roots::Web.store().len();
        assert_eq!(Roots::BuiltIn.store().len(), web + shipped().len());
    }

    #[test]
    fn own_roots_replace_the_others() {
        let pem = RDS
            .split_inclusive("-----END CERTIFICATE-----\n")
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(Roots::from_setting(Some(pem)).unwrap().store().len(), 1);
    }

    #[test]
    fn a_pem_without_a_usable_certificate_is_an_error_that_names_the_place() {
        for (pem, problem) in [
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "certificate 1 of the PEM in it is no X.509",
            ),
            (
                "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
                "certificate 1 of the PEM in it is no PEM",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "the PEM in it has no certificate",
            ),
        ] {
            let fault = Roots::from_setting(Some(pem.to_owned())).unwrap_err();
            assert!(fault.to_string().contains(problem), "{fault}");
        }
    }
}
