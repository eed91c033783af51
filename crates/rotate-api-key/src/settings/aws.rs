//! Who the function is, and where IAM and STS are.

use std::fmt;

use aws_credential_types::Credentials;

use crate::fault::ProviderFault;

/// What Lambda gives a function of AWS.
#[derive(Clone, Default)]
pub(crate) struct Aws {
    access_key: String,
    secret_key: secrecy::SecretString,
    session_token: Option<secrecy::SecretString>,
    region: String,
    iam: Option<String>,
    sts: Option<String>,
}

/// Where a service is, and the region that its requests are signed for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The URL.
    pub(crate) url: String,
    /// The region.
    pub(crate) region: String,
}

impl Aws {
    /// `AWS_ACCESS_KEY_ID` and so on, `AWS_REGION`, and the endpoints that the SDKs know.
    pub(crate) fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        let endpoint = |name: &str| set(name).or_else(|| set("AWS_ENDPOINT_URL"));
        Self {
            access_key: set("AWS_ACCESS_KEY_ID").unwrap_or_default(),
            secret_key: set("AWS_SECRET_ACCESS_KEY").unwrap_or_default().into(),
            session_token: set("AWS_SESSION_TOKEN").map(Into::into),
            region: set("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
            iam: endpoint("AWS_ENDPOINT_URL_IAM"),
            sts: endpoint("AWS_ENDPOINT_URL_STS"),
        }
    }

    /// The function's own credentials.
    ///
    /// # Errors
    /// `ConfigurationInvalid`: it has none.
    #[expect(clippy::disallowed_methods, reason = "requests are signed with them")]
    pub(crate) fn credentials(&self) -> Result<Credentials, ProviderFault> {
        use secrecy::ExposeSecret;
        if self.access_key.is_empty() {
            return Err(ProviderFault::ConfigurationInvalid {
                name: "AWS_ACCESS_KEY_ID",
                problem: "is not set".to_owned(),
                expected: "what Lambda sets it to: run the function with a role",
            });
        }
        let token = self
            .session_token
            .as_ref()
            .map(|token| token.expose_secret().to_owned());
        Ok(Credentials::new(
            self.access_key.clone(),
            self.secret_key.expose_secret(),
            token,
            None,
            "lambda",
        ))
    }

    /// IAM, which a partition has once.
    pub(crate) fn iam(&self) -> Endpoint {
        let (endpoint, region) = if self.region.starts_with("cn-") {
            ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
        } else if self.region.starts_with("us-gov-") {
            ("https://iam.us-gov.amazonaws.com", "us-gov-west-1")
        } else {
            ("https://iam.amazonaws.com", "us-east-1")
        };
        Endpoint {
            url: self.iam.clone().unwrap_or_else(|| endpoint.to_owned()),
            region: region.to_owned(),
        }
    }

    /// STS of the function's region.
    pub(crate) fn sts(&self) -> Endpoint {
        let suffix = if self.region.starts_with("cn-") { ".cn" } else { "" };
        let endpoint = format!("https://sts.{}.amazonaws.com{suffix}", self.region);
        Endpoint {
            url: self.sts.clone().unwrap_or(endpoint),
            region: self.region.clone(),
        }
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Aws {
        Aws::from_env(&|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_partition_has_its_own_iam() {
        let endpoint_in = |region| of(&[("AWS_REGION", region)]).iam();
        assert_eq!(
            (
                endpoint_in("eu-west-1").url.as_str(),
                endpoint_in("eu-west-1").region.as_str()
            ),
            ("https://iam.amazonaws.com", "us-east-1")
        );
        assert_eq!(endpoint_in("cn-north-1").region, "cn-north-1");
        assert_eq!(
            endpoint_in("us-gov-east-1").url,
            "https://iam.us-gov.amazonaws.com"
        );
        assert_eq!(
            of(&[("AWS_REGION", "eu-west-1")]).sts().url,
            "https://sts.eu-west-1.amazonaws.com"
        );
    }

    #[test]
    fn an_endpoint_of_ones_own_comes_first() {
        let aws = of(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:2"),
        ]);
        assert_eq!(
            (aws.iam().url.as_str(), aws.sts().url.as_str()),
            ("http://127.0.0.1:2", "http://127.0.0.1:1")
        );
    }

    #[test]
    fn without_credentials_it_says_so_and_debug_hides_them() {
        assert!(of(&[]).credentials().is_err());
        let aws = of(&[("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s3cret")]);
        assert!(aws.credentials().is_ok());
        assert!(!format!("{aws:?}").contains("s3cret"));
    }
}
