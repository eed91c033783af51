//! Credentials, region, endpoint and limits: as the aws command line has them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use outbound::Bundle;
use rotation::{CallError, Store};

use super::credentials;
use crate::diagnosis::{Answer, Names, Unasked};
use crate::exit::{Exit, Trouble};
use crate::words::shell;

const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(12);
/// Longest wait for one of many questions that are asked at the same time, where a person waits for the verdict.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where to ask: the flags. What is not set comes from the environment or the profile.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct Place {
    /// A profile of ~/.aws/config.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The AWS region.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// Another endpoint for all calls, such as the local Secrets Manager.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

impl Place {
    /// The same in the region of an ARN, unless a flag names another.
    #[must_use]
    pub(crate) fn of_secret(mut self, id: &str) -> Self {
        let region = id
            .strip_prefix("arn:")
            .and_then(|rest| rest.split(':').nth(2))
            .filter(|region| !region.is_empty());
        self.region = self.region.or_else(|| region.map(str::to_owned));
        self
    }

    /// The flags as they were given, for commands that are printed.
    pub(crate) fn flags(&self) -> Vec<String> {
        let flags = [
            ("--profile", &self.profile),
            ("--region", &self.region),
            ("--endpoint-url", &self.endpoint_url),
        ];
        let given = flags
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value.clone()?]));
        given.flatten().collect()
    }
}

/// The clients.
#[derive(Clone)]
pub(crate) struct Session {
    pub(super) secrets: aws_sdk_secretsmanager::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
    pub(super) shared: SdkConfig,
    pub(super) trail: aws_sdk_cloudtrail::Client,
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) kms: aws_sdk_kms::Client,
    pub(super) rds: aws_sdk_rds::Client,
    /// The region.
    pub(crate) region: String,
    /// `--profile`, `--region` and `--endpoint-url` as they were given.
    flags: Vec<String>,
    patience: Duration,
}

impl Session {
    /// The client of Secrets Manager, for `rotation`'s store.
    pub(crate) fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        self.secrets.clone()
    }

    /// Opens no connection yet.
    pub(crate) async fn open(place: &Place) -> Result<Self, Trouble> {
        let profile = credentials::profile(place.profile.as_deref());
        if let Some(profile) = profile.filter(|name| name != "default") {
            credentials::is_there(&profile).await?;
        }
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(trust()?)
            .build_https();
        let limits = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .read_timeout(ATTEMPT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(limits)
            .retry_config(RetryConfig::standard());
        if let Some(profile) = &place.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &place.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &place.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        let mut shared = loader.load().await;
        if let Some(profile) = &place.profile {
            shared = credentials::of_profile(profile, &shared);
        }
        let Some(region) = shared.region().map(ToString::to_string) else {
            return Err(Trouble {
                problem: "no region".to_owned(),
                remedy: "name one with --region, AWS_REGION or the profile".to_owned(),
                exit: Exit::Usage,
            });
        };
        Ok(Self {
            secrets: aws_sdk_secretsmanager::Client::new(&shared),
            lambda: aws_sdk_lambda::Client::new(&shared),
            logs: aws_sdk_cloudwatchlogs::Client::new(&shared),
            trail: aws_sdk_cloudtrail::Client::new(&shared),
            iam: aws_sdk_iam::Client::new(&shared),
            kms: aws_sdk_kms::Client::new(&shared),
            rds: aws_sdk_rds::Client::new(&shared),
            shared,
            region,
            flags: place.flags(),
            patience: PATIENCE,
        })
    }

    /// The same, which waits as long as a call may take. A verdict without the log's answer would be another one with it.
    #[must_use]
    pub(crate) fn patient(&self) -> Self {
        Self {
            patience: CALL,
            ..self.clone()
        }
    }

    /// Longest wait for one of many questions.
    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// The flags that commands repeat.
    pub(crate) fn flags(&self) -> &[String] {
        &self.flags
    }

    /// The commands about a secret.
    pub(crate) fn names<'a>(&'a self, secret: &'a str) -> Names<'a> {
        let flags = &self.flags;
        Names { secret, flags }
    }

    /// Another command of this program, to paste.
    pub(crate) fn keywheel<'a>(&'a self, words: impl IntoIterator<Item = &'a str>) -> String {
        shell::command("keywheel", words, &self.flags)
    }

    /// A command of the aws command line, to paste.
    pub(crate) fn aws<'a>(&'a self, words: impl IntoIterator<Item = &'a str>) -> String {
        shell::command("aws", words, &self.flags)
    }

    /// Secrets Manager as the functions' code has it, with the credentials of this session.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.secrets.clone()).sharing(self.shared.clone())
    }
}

fn trust() -> Result<TlsContext, Trouble> {
    let store = match std::env::var("AWS_CA_BUNDLE")
        .ok()
        .filter(|value| !value.is_empty())
    {
        None => TrustStore::default(),
        Some(value) => {
            let bundle = Bundle::read(&value).map_err(|problem| Trouble {
                problem: format!("AWS_CA_BUNDLE: {problem}"),
                remedy: "name a file of certificates, or unset it".to_owned(),
                exit: Exit::Usage,
            })?;
            TrustStore::empty().with_pem_certificate(bundle.into_pem())
        }
    };
    let context = TlsContext::builder().with_trust_store(store).build();
    Ok(context.expect("a TLS context of a trust store alone has nothing that could fail"))
}

/// A question that was refused is one that was not asked.
pub(super) fn unanswered<T>(error: CallError, permission: &'static str) -> Answer<T> {
    Answer::NotAsked(match error {
        CallError::Denied(_) => Unasked::Needs(permission),
        CallError::CredentialsRefused(words) | CallError::NotSent(words) | CallError::Unreachable(words) => {
            Unasked::Failed(words)
        }
        CallError::Throttled => Unasked::Failed("throttled".to_owned()),
        CallError::Unreadable => Unasked::Failed("it cannot be read".to_owned()),
        CallError::Other { code, message } => Unasked::Failed(format!("{code}: {message}")),
    })
}

/// Whether the service says that there is no such thing.
pub(super) fn is_not_found(error: &CallError) -> bool {
    matches!(error, CallError::Other { code, .. } if code == "ResourceNotFoundException")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_its_region() {
        let arn = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:orders/db-AbCdEf";
        let region = |place: Place| place.of_secret(arn).region;
        assert_eq!(region(Place::default()).as_deref(), Some("eu-west-1"));
        let flag = Place {
            region: Some("us-east-1".to_owned()),
            ..Place::default()
        };
        assert_eq!(region(flag).as_deref(), Some("us-east-1"));
        assert_eq!(Place::default().of_secret("orders/db").region, None);
    }
}
