//! The SDK's client: endpoints, limits, roots.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_secretsmanager::Client;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use outbound::Bundle;

use crate::fault::Cause;

use super::calls::Store;
use super::fault::StoreFault;
use super::replicas;
use super::roles;

/// The roots that AWS's endpoints chain to (Amazon Trust Services and Starfield). Loading the system's own
/// roots would cost a cold start 5 ms of processor time, 70 ms on the smallest function.
const AMAZON_ROOTS: &str = include_str!("../../roots/amazon.pem");

/// Connecting, TLS included.
const CONNECT: Duration = Duration::from_secs(3);
/// One attempt. The SDK itself sets no limit for a server that accepts and then says nothing.
const ATTEMPT: Duration = Duration::from_secs(4);
/// All attempts of a call.
const OPERATION: Duration = Duration::from_secs(12);
/// Attempts of a call that is throttled or loses its connection.
const ATTEMPTS: u32 = 4;

impl Store {
    /// A store from the environment variables that `get` looks up: `AWS_REGION`, the function's credentials, `SECRETS_MANAGER_ENDPOINT` or
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER` or `AWS_ENDPOINT_URL`, `AWS_CA_BUNDLE`, `ASSUME_ROLE_ARN`, `ASSUME_ROLE_EXTERNAL_ID`,
    /// `REPLICA_WAIT`.
    ///
    /// Opens no connection.
    ///
    /// # Errors
    /// `AWS_CA_BUNDLE` names no certificates, `ASSUME_ROLE_ARN` no roles, or `REPLICA_WAIT` no seconds. The bundle is checked here because the SDK panics over some
    /// broken ones.
    pub async fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, Cause> {
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        let roles = roles::from_env(&set)?;
        let replica_wait = replicas::wait_of(set(replicas::WAIT).as_deref())?;
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(trust(&set)?)
            .build_https();
        let limits = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .read_timeout(ATTEMPT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(limits)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let Some(region) = set("AWS_REGION") {
            loader = loader.region(Region::new(region));
        }
        let shared = loader.load().await;
        let mut config = aws_sdk_secretsmanager::config::Builder::from(&shared);
        if let Some(assumed) = roles::assume(&shared, roles).await {
            config = config.credentials_provider(assumed);
        }
        if let Some(endpoint) = set("SECRETS_MANAGER_ENDPOINT") {
            config = config.endpoint_url(with_scheme(endpoint));
        }
        let mut store = Self::new(Client::from_conf(config.build())).sharing(shared);
        store.replica_wait = replica_wait;
        Ok(store)
    }
}

/// AWS's templates take a bare host name too.
fn with_scheme(endpoint: String) -> String {
    if endpoint.contains("://") {
        endpoint
    } else {
        format!("https://{endpoint}")
    }
}

fn trust(set: &dyn Fn(&str) -> Option<String>) -> Result<TlsContext, StoreFault> {
    let store = match set("AWS_CA_BUNDLE") {
        Some(value) => TrustStore::empty().with_pem_certificate(bundle(&value)?),
        // Those of RDS, for one, may still be AWS's own.
        None if is_plain_http(set) || knows_amazon_roots(set) => {
            TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
        }
        None => TrustStore::default(),
    };
    let context = TlsContext::builder().with_trust_store(store).build();
    Ok(context.expect("a TLS context of a trust store alone has nothing that could fail"))
}

/// Reads a PEM file or value, and checks that each certificate in it can be a root.
fn bundle(value: &str) -> Result<String, StoreFault> {
    let bundle = Bundle::read(value).map_err(|problem| StoreFault::CaBundle { problem })?;
    Ok(bundle.into_pem())
}

/// Whether the endpoint is one of AWS's own. China's partition uses other authorities.
fn knows_amazon_roots(set: &dyn Fn(&str) -> Option<String>) -> bool {
    let china = set("AWS_REGION").is_some_and(|region| region.starts_with("cn-"));
    let aws = own_endpoint(set).is_none_or(|url| host_of(&url).ends_with(".amazonaws.com"));
    aws && !china
}

/// Whether the endpoint has no certificate to verify: a local one, for which the system's roots need not be loaded.
fn is_plain_http(set: &dyn Fn(&str) -> Option<String>) -> bool {
    own_endpoint(set).is_some_and(|url| url.starts_with("http://"))
}

fn own_endpoint(set: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    [
        "SECRETS_MANAGER_ENDPOINT",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "AWS_ENDPOINT_URL",
    ]
    .into_iter()
    .find_map(set)
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':', '?']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(variables: &[(&str, &str)]) -> bool {
        knows_amazon_roots(&|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn endpoints_of_aws_are_checked_against_amazons_roots() {
        assert!(known(&[("AWS_REGION", "eu-central-1")]));
        assert!(known(&[(
            "SECRETS_MANAGER_ENDPOINT",
            "https://secretsmanager.us-east-1.amazonaws.com"
        )]));
        assert!(known(&[(
            "AWS_ENDPOINT_URL",
            "https://vpce-1.secretsmanager.us-east-1.vpce.amazonaws.com/"
        )]));
    }

    #[test]
    fn other_endpoints_and_china_are_checked_against_the_systems_roots() {
        assert!(!known(&[("AWS_REGION", "cn-north-1")]));
        assert!(!known(&[("AWS_ENDPOINT_URL", "https://secrets.example.com")]));
        assert!(!known(&[(
            "AWS_ENDPOINT_URL",
            "https://secrets.example.com/x.amazonaws.com"
        )]));
    }

    #[test]
    fn only_an_endpoint_without_tls_goes_without_roots() {
        let plain = |url: &str| is_plain_http(&|name| (name == "AWS_ENDPOINT_URL").then(|| url.to_owned()));
        assert!(plain("http://127.0.0.1:4599"));
        assert!(!plain("https://127.0.0.1:4599"));
        assert!(!is_plain_http(&|_| None));
    }

    #[test]
    fn a_bare_host_name_is_an_endpoint() {
        assert_eq!(with_scheme("vpce-1.example".to_owned()), "https://vpce-1.example");
        assert_eq!(with_scheme("http://127.0.0.1:9".to_owned()), "http://127.0.0.1:9");
    }

    #[test]
    fn a_bundle_that_holds_no_certificates_is_refused_by_name() {
        let refused = |path: &str| bundle(path).unwrap_err().to_string();
        assert!(
            refused("/nowhere/at/all")
                .starts_with("AWS_CA_BUNDLE names the file \"/nowhere/at/all\", which cannot be read: ")
        );
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(refused(manifest).ends_with("has no certificate"));
        assert!(bundle(concat!(env!("CARGO_MANIFEST_DIR"), "/roots/amazon.pem")).is_ok());
    }

    #[tokio::test]
    async fn a_broken_bundle_is_an_answer_and_no_panic() {
        let get = |name: &str| (name == "AWS_CA_BUNDLE").then(|| "/nowhere".to_owned());
        assert!(Store::from_env(&get).await.is_err());
    }
}
