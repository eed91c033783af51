//! AWS's query API: a signed form, and XML for an answer.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rotation::retry;
use rotation::{Budget, Cause};
use secrecy::{ExposeSecret, SecretString};

use super::xml::Xml;
use crate::clock;
use crate::fault::{ProviderFault, Unfit};
use crate::http::{self as wire, Outgoing};
use crate::key::Key;
use crate::notation::base;
use crate::settings::aws::{Aws, Endpoint};
use crate::settings::roots::Roots;
use outbound::Scrub;

const FORM: &str = "application/x-www-form-urlencoded";
/// STS and IAM have one version each.
const IAM_VERSION: &str = "2010-05-08";
const STS_VERSION: &str = "2011-06-15";
/// Longest message that is passed on, in characters.
const LONGEST_MESSAGE: usize = 300;
/// What AWS calls a thing that is not there.
const ABSENT: &str = "NoSuchEntity";
/// What AWS calls a key that is not accepted.
const DEAD: [&str; 4] = [
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "AuthFailure",
];

/// The two services that are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Keys.
    Iam,
    /// Who one is.
    Sts,
}

/// What calls are made with.
pub(super) struct Caller<'a> {
    /// Endpoints and region.
    pub(super) aws: &'a Aws,
    /// The function's own credentials.
    pub(super) own: Credentials,
    /// Whom to trust.
    pub(super) roots: &'a Roots,
    /// The step's time.
    pub(super) budget: Budget,
    /// Longest wait for a call.
    pub(super) limit: Duration,
}

impl Caller<'_> {
    /// Makes a call: with the function's own credentials, or with a key whose refusal is then the answer.
    ///
    /// # Errors
    /// AWS's refusal, or no answer.
    pub(super) async fn call(
        &self,
        section: &str,
        service: Service,
        key: Option<(&Key, &'static str)>,
        parameters: &[(&str, &str)],
        repeatable: bool,
    ) -> Result<Xml, Cause> {
        let secrets = self.secrets(key.map(|(key, _)| key));
        let user = parameters.iter().find(|(name, _)| *name == "UserName");
        retry(self.budget, async || {
            let request = self.request(section, service, key.map(|(key, _)| key), parameters, repeatable)?;
            let answer = wire::send(&request, || self.roots.client(), self.budget).await?;
            let body = String::from_utf8_lossy(&answer.body);
            if (200..300).contains(&answer.status) {
                return Xml::parse(&body)
                    .ok_or_else(|| ProviderFault::unusable(&request.call, "is not XML").into());
            }
            let error = Xml::parse(&body);
            let text = |name| {
                error
                    .as_ref()
                    .and_then(|error| error.text(name))
                    .unwrap_or_default()
            };
            let asked = Asked {
                request: &request,
                whose: key.map(|(_, whose)| whose),
                user: user.map_or("", |(_, user)| user),
                secrets: &secrets,
            };
            Err(asked
                .refused(answer.status, &text("Code"), &text("Message"))
                .into())
        })
        .await
    }

    /// What AWS must not be repeated with.
    fn secrets(&self, key: Option<&Key>) -> Vec<SecretString> {
        let own = [Some(self.own.secret_access_key()), self.own.session_token()];
        let mut secrets: Vec<SecretString> = own.into_iter().flatten().map(Into::into).collect();
        secrets.extend(key.map(|key| credentials_of(key).secret_access_key().into()));
        secrets
    }

    fn request(
        &self,
        section: &str,
        service: Service,
        key: Option<&Key>,
        parameters: &[(&str, &str)],
        repeatable: bool,
    ) -> Result<Outgoing, ProviderFault> {
        let (endpoint, name, version) = match service {
            Service::Iam => (self.aws.iam(), "iam", IAM_VERSION),
            Service::Sts => (self.aws.sts(), "sts", STS_VERSION),
        };
        let call = format!("{section} at aws-iam ({name})");
        let unfit = |place: &str, problem| ProviderFault::RequestUnfit {
            call: call.clone(),
            place: place.to_owned(),
            problem,
        };
        let base =
            base::parse(&endpoint.url).map_err(|problem| unfit("the endpoint", Unfit::Base(problem)))?;
        let body = form(parameters, version);
        let credentials = key.map_or_else(|| self.own.clone(), credentials_of);
        let url = format!("{}/", endpoint.url.trim_end_matches('/'));
        let headers = signed(
            &url,
            &base.authority,
            &body,
            name,
            &endpoint,
            credentials,
            clock::now(),
        )
        .ok_or_else(|| unfit("the signature", Unfit::Header))?;
        Ok(Outgoing {
            target: format!("{}/", base.prefix),
            shown: format!("/ ({})", action_of(parameters)),
            base,
            method: Method::POST,
            headers,
            body: body.into_bytes(),
            call,
            limit: self.limit,
            largest: wire::LARGEST_ANSWER,
            repeatable,
        })
    }
}

/// What the call does, which the query API has in the form.
fn action_of<'p>(parameters: &[(&str, &'p str)]) -> &'p str {
    let action = parameters.iter().find(|(name, _)| *name == "Action");
    action.map_or("", |(_, action)| action)
}

fn form(parameters: &[(&str, &str)], version: &str) -> String {
    let version = [("Version", version)];
    outbound::form(parameters.iter().chain(&version).copied())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the key signs a request that tells whose it is"
)]
fn credentials_of(key: &Key) -> Credentials {
    let secret = key.value.as_ref().map_or("", |value| value.expose_secret());
    Credentials::new(key.id.clone().unwrap_or_default(), secret, None, None, "secret")
}

/// The headers of a request, with Signature Version 4.
fn signed(
    url: &str,
    authority: &str,
    body: &str,
    service: &str,
    endpoint: &Endpoint,
    credentials: Credentials,
    now: SystemTime,
) -> Option<HeaderMap> {
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&endpoint.region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let known = [("content-type", FORM), ("host", authority)];
    let request = SignableRequest::new(
        "POST",
        url,
        known.into_iter(),
        SignableBody::Bytes(body.as_bytes()),
    )
    .ok()?;
    let (instructions, _) = sign(request, &parameters).ok()?.into_parts();
    let mut headers = HeaderMap::new();
    for (name, value) in known.into_iter().chain(instructions.headers()) {
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name).ok()?, value);
    }
    Some(headers)
}

/// What was asked, for the words of a refusal.
struct Asked<'a> {
    request: &'a Outgoing,
    /// Whose key it is, if it was asked with one.
    whose: Option<&'static str>,
    user: &'a str,
    secrets: &'a [SecretString],
}

impl Asked<'_> {
    fn refused(&self, status: u16, code: &str, message: &str) -> ProviderFault {
        // Names of users and roles, which look like anything, are what one must know.
        let scrub = Scrub::new(self.secrets);
        let known = |text: &str| scrub.known(text);
        let message: String = known(message).chars().take(LONGEST_MESSAGE).collect();
        let words = format!("{}: {}", known(code), message.trim_end_matches('.'));
        refusal(self, status, code, words)
    }
}

fn refusal(asked: &Asked<'_>, status: u16, code: &str, words: String) -> ProviderFault {
    let call = asked.request.call.clone();
    match (code, asked.whose) {
        (code, Some(whose)) if DEAD.contains(&code) => ProviderFault::KeyRefused {
            call,
            whose,
            status,
            words: code.to_owned(),
        },
        ("Throttling" | "ThrottlingException" | "RequestLimitExceeded", _) => {
            ProviderFault::ProviderThrottled { call, status }
        }
        ("LimitExceeded", _) => ProviderFault::KeyLimitReached {
            provider: "aws-iam".to_owned(),
            whose: format!("for user {}", asked.user),
            count: 2,
            limit: 2,
            ours: "a user may have two access keys".to_owned(),
        },
        _ if status >= 500 => ProviderFault::ProviderFailed {
            call,
            status,
            words,
            again: asked.request.repeatable,
        },
        _ if status == 403 => ProviderFault::ProviderCredentialRefused { call, status, words },
        (ABSENT, _) => ProviderFault::NotThere { call, status, words },
        _ => ProviderFault::ProviderRefused { call, status, words },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS's documentation, "Signature Version 4 test suite" being for GET alone: signed twice, the same.
    #[test]
    fn a_signature_depends_on_key_time_and_body_and_the_secret_is_not_in_it() {
        let endpoint = Endpoint {
            url: "https://iam.amazonaws.com".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let sign = |secret: &str, body: &str| {
            let credentials = Credentials::new("AKIDEXAMPLE", secret, None, None, "test");
            let now = SystemTime::UNIX_EPOCH + Duration::from_mins(24_015_636);
            let headers = signed(
                "https://iam.amazonaws.com/",
                "iam.amazonaws.com",
                body,
                "iam",
                &endpoint,
                credentials,
                now,
            );
            headers.unwrap()["authorization"].to_str().unwrap().to_owned()
        };
        let one = sign(
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "Action=ListUsers&Version=2010-05-08",
        );
        assert!(one.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="
        ), "{one}");
        assert!(!one.contains("EXAMPLEKEY"));
        assert_ne!(one, sign("another", "Action=ListUsers&Version=2010-05-08"));
        assert_ne!(
            one,
            sign(
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                "Action=DeleteUser&Version=2010-05-08"
            )
        );
    }

    #[test]
    fn the_words_of_a_refusal_have_names_and_no_credential() {
        let request = Outgoing {
            base: base::parse("https://iam.amazonaws.com").unwrap(),
            method: Method::POST,
            target: String::new(),
            shown: String::new(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            call: "create at aws-iam (iam)".to_owned(),
            limit: Duration::ZERO,
            largest: 0,
            repeatable: false,
        };
        let asked = Asked {
            request: &request,
            whose: None,
            user: "deploy",
            secrets: &["wJalr/K7MDENG".into()],
        };
        let told = |code: &str, message: &str| asked.refused(403, code, message).to_string();
        assert_eq!(
            told(
                "AccessDenied",
                "User: arn:aws:sts::123456789012:assumed-role/R1/x may not,\nwJalr%2fK7MDENG"
            ),
            "create at aws-iam (iam) was refused with status 403, saying: AccessDenied: User: arn:aws:sts::123456789012:assumed-role/R1/x may not, (hidden)"
        );
        assert_eq!(
            told("wJalr/K7MDENG", "is bad."),
            "create at aws-iam (iam) was refused with status 403, saying: (hidden): is bad"
        );
        assert_eq!(
            told("LimitExceeded", ""),
            "aws-iam has 2 keys for user deploy, and allows 2: there is no room for a new one"
        );
    }

    #[test]
    fn values_are_encoded_for_the_form() {
        assert_eq!(
            form(&[("Action", "A"), ("UserName", "a+b=c@d")], "1"),
            "Action=A&UserName=a%2Bb%3Dc%40d&Version=1"
        );
    }
}
