//! A copy of a secret in a Secrets Manager in memory, for the function's code to work on. Nobody but this process can ask it: it
//! listens on no port. The real secret and its labels are not reached.

use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use jiff::Timestamp;
use rotation::{Event, Step, Store, VersionId};
use secrecy::{ExposeSecret as _, SecretString};
use secrets_manager_local::{Clock, InMemory, LocalSecretsManager};
use serde_json::json;
use uuid::Uuid;

use crate::exit::Trouble;

/// The end of each ARN: the same copy is known again by the names of the keys that it left.
const SUFFIX: &str = "copied";
/// What the admin's secret is called.
const ADMIN: &str = "keywheel-try-admin";
/// When the copy was made: in a future in which no key of the provider's seems to be younger than it.
const MADE: i64 = 4_102_444_800;

/// The copy, with a rotation that has begun.
pub(super) struct Copy {
    pub(super) store: Store,
    client: Client,
    arn: String,
    token: VersionId,
}

/// The ARN of the copy of a secret.
pub(super) fn arn_of(name: &str) -> String {
    arn(&name_of(name))
}

/// The ARN of the admin's secret.
pub(super) fn admin_arn() -> String {
    arn(ADMIN)
}

fn name_of(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    let name: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .take(200)
        .collect();
    format!("keywheel-try/{name}")
}

fn arn(name: &str) -> String {
    let (region, account) = (secrets_manager_local::REGION, secrets_manager_local::ACCOUNT);
    format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{SUFFIX}")
}

impl Copy {
    /// A copy of `value`, under the name of the real secret.
    pub(super) async fn of(
        name: &str,
        value: &SecretString,
        admin: Option<&SecretString>,
    ) -> Result<Self, Trouble> {
        let clock = Clock::manual(Timestamp::from_second(MADE).unwrap_or(Timestamp::MAX));
        let builder = LocalSecretsManager::builder().arn_suffix(SUFFIX).clock(clock);
        let memory = builder.in_memory();
        let client = client(&memory);
        create(&client, &name_of(name), value).await?;
        if let Some(admin) = admin {
            create(&client, ADMIN, admin).await?;
        }
        let token = VersionId::stored(Uuid::new_v4().to_string());
        let arn = arn_of(name);
        memory
            .stage_pending(&arn, &token)
            .map_err(|error| broken(&error.message))?;
        Ok(Self {
            store: Store::new(client.clone()),
            client,
            arn,
            token,
        })
    }

    /// What Secrets Manager would send.
    pub(super) fn event(&self, step: Step) -> Result<Event, Trouble> {
        let payload =
            json!({"Step": step.name(), "SecretId": self.arn, "ClientRequestToken": self.token.as_str()});
        Event::parse(&payload).map_err(|error| broken(&error.to_string()))
    }

    /// testSecret alone works on a copy of the current value, as Secrets Manager has it for a test rotation.
    pub(super) async fn stage(&self, value: &SecretString) -> Result<(), Trouble> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the value of the copy's pending version"
        )]
        let text = value.expose_secret();
        let call = self.client.put_secret_value().secret_id(&self.arn);
        let call = call
            .client_request_token(self.token.as_str())
            .version_stages("AWSPENDING");
        let put = call.secret_string(text).send().await;
        put.map(drop).map_err(|error| {
            let error = rotation::CallError::of(&error);
            Trouble::of_call(
                "the copy of the secret",
                &error,
                "a value that Secrets Manager takes",
            )
        })
    }
}

async fn create(client: &Client, name: &str, value: &SecretString) -> Result<(), Trouble> {
    #[expect(clippy::disallowed_methods, reason = "the value of the copy")]
    let text = value.expose_secret();
    let created = client.create_secret().name(name).secret_string(text).send().await;
    created.map(drop).map_err(|error| {
        let error = rotation::CallError::of(&error);
        Trouble::of_call(
            "the copy of the secret",
            &error,
            "a value that Secrets Manager takes",
        )
    })
}

fn broken(why: &str) -> Trouble {
    Trouble::new(
        format!("the copy of the secret cannot be used: {why}"),
        "report this",
    )
}

fn client(memory: &InMemory) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(secrets_manager_local::REGION))
        .credentials_provider(Credentials::new("copy", "copy", None, None, "keywheel"))
        .endpoint_url("http://in-memory")
        .http_client(Wire(memory.clone()));
    Client::from_conf(config.build())
}

/// Requests go to the Secrets Manager in memory.
#[derive(Debug, Clone)]
struct Wire(InMemory);

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let memory = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            let response = memory.answer(request).await.map(SdkBody::from);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
