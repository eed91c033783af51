//! EC2's query API: a signed form, and XML for an answer. Its SDK is by far the largest, and would take minutes to build for six calls.

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_types::service_config::ServiceConfigKey;
use roxmltree::{Document, Node};

use super::session::Session;
use crate::diagnosis::{Answer, Unasked};
use crate::words::time;

const FORM: &str = "application/x-www-form-urlencoded";
/// EC2's API has one version.
const VERSION: &str = "2016-11-15";

/// What EC2 answered.
struct Said {
    status: StatusCode,
    body: String,
}

/// Not shown: the answer to another question could be anything.
impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an answer with status {}", self.status.as_u16())
    }
}

/// The request has a signature.
struct Signed(String, Vec<(String, String)>);

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a signed request")
    }
}

/// Asks, and has `read` look at the answer. `action` is such as `DescribeSubnets`.
pub(super) async fn ask<T>(
    session: &Session,
    action: &str,
    permission: &'static str,
    parameters: Vec<(String, String)>,
    read: impl FnOnce(Node<'_, '_>) -> T,
) -> Answer<T> {
    let failed = |why: &str| Answer::NotAsked(Unasked::Failed(why.to_owned()));
    let said = match send(session, action, &parameters).await {
        Ok(said) => said,
        Err(why) => return failed(&why),
    };
    let Ok(document) = Document::parse(&said.body) else {
        return failed("it cannot be read");
    };
    let root = document.root_element();
    if (200..300).contains(&said.status.as_u16()) {
        return Answer::Said(read(root));
    }
    let code = root
        .descendants()
        .find(|node| node.has_tag_name("Code"))
        .and_then(|node| node.text())
        .unwrap_or_default();
    match code {
        "UnauthorizedOperation" | "AccessDenied" => Answer::NotAsked(Unasked::Needs(permission)),
        code => failed(&format!("{action}: {code}")),
    }
}

async fn send(session: &Session, action: &str, parameters: &[(String, String)]) -> Result<Said, String> {
    let shared = &session.shared;
    let (provider, client) = shared
        .credentials_provider()
        .zip(shared.http_client())
        .ok_or("no credentials")?;
    let credentials = provider
        .provide_credentials()
        .await
        .map_err(|_| "no credentials")?;
    let url = endpoint(session);
    let fixed = [("Action", action), ("Version", VERSION)];
    let all = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(fixed);
    let body = outbound::form(all);
    let identity = credentials.into();
    let headers =
        signed(&url, &body, &session.region, &identity, time::now().into()).ok_or("it cannot be signed")?;
    let mut operation = Operation::builder()
        .service_name("EC2")
        .operation_name(action.to_owned())
        .http_client(client)
        .endpoint_url(&url)
        .no_auth();
    if let Some(limits) = shared.timeout_config() {
        operation = operation.timeout_config(limits.clone());
    }
    if let Some(sleep) = shared.sleep_impl() {
        operation = operation.sleep_impl(sleep);
    }
    operation = match shared.retry_config() {
        Some(retries) => operation.standard_retry(retries),
        None => operation.no_retry(),
    };
    let operation = operation
        .serializer(|Signed(body, headers)| {
            let mut request = HttpRequest::new(SdkBody::from(body));
            request.set_method("POST")?;
            request.set_uri("/")?;
            for (name, value) in headers {
                request.headers_mut().try_insert(name, value)?;
            }
            Ok(request)
        })
        .deserializer(|response: &HttpResponse| {
            let bytes = response.body().bytes().unwrap_or_default();
            Ok::<_, OrchestratorError<std::convert::Infallible>>(Said {
                status: response.status(),
                body: String::from_utf8_lossy(bytes).into_owned(),
            })
        })
        .build();
    operation
        .invoke(Signed(body, headers))
        .await
        .map_err(|error| match error {
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            _ => "EC2 was not reached".to_owned(),
        })
}

/// `AWS_ENDPOINT_URL_EC2`, a flag, or the region's own.
fn endpoint(session: &Session) -> String {
    let key = ServiceConfigKey::builder()
        .service_id("EC2")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let of_service = key.and_then(|key| session.shared.service_config()?.load_config(key));
    let set = of_service.or_else(|| session.shared.endpoint_url().map(str::to_owned));
    set.unwrap_or_else(|| usual(&session.region, session.shared.use_fips() == Some(true)))
}

/// Of all partitions with regions that an account can have by itself.
fn usual(region: &str, fips: bool) -> String {
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    let name = if fips { "ec2-fips" } else { "ec2" };
    format!("https://{name}.{region}.{suffix}")
}

/// The headers, with Signature Version 4.
fn signed(
    url: &str,
    body: &str,
    region: &str,
    identity: &Identity,
    now: SystemTime,
) -> Option<Vec<(String, String)>> {
    let parameters = v4::SigningParams::builder()
        .identity(identity)
        .region(region)
        .name("ec2")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let authority = url.split_once("://")?.1.split('/').next()?;
    let known = [("content-type", FORM), ("host", authority)];
    let url = format!("{}/", url.trim_end_matches('/'));
    let request = SignableRequest::new(
        "POST",
        url,
        known.into_iter(),
        SignableBody::Bytes(body.as_bytes()),
    )
    .ok()?;
    let (instructions, _) = sign(request, &parameters).ok()?.into_parts();
    let headers = known.into_iter().chain(instructions.headers());
    Some(
        headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}
