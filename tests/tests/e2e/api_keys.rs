//! API keys: whole rotations with the function as it is deployed, and a provider that keeps its keys and behaves as it is
//! told.

mod astray;
mod classes;
mod crash;
mod events;
mod forms;
mod given_back;
mod hostile;
mod messages;
mod pending_removal;
mod proof;
mod revocation;
mod silence;
mod standing;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keywheel_tests::keys::{Keys, Secret, function};
use keywheel_tests::scripted::{ADMIN, Kind, Provider, Trick};
use keywheel_tests::{refusal, world};
use secrets_manager_local::{Clock, LocalSecretsManager, PendingRemoval};
use serde_json::Value;
use staging_labels::{Label, Step};

/// The key that somebody made by hand, and put into the secret.
const FIRST: &str = "first-key-made-by-hand-3c1f";

/// The sections by which the check shows that an id is the key's own.
const SHOWS_ID: &str = "[check.same]\nid = \"/id\"\n[retire]\n";

/// A document that says its key's id, and that this is where the next one's goes.
fn document_with_id(key: &str, id: &str) -> String {
    format!("{{\"apiKey\": \"{key}\", \"apiKeyId\": \"{id}\", \"keywheel\": {{\"id\": \"apiKeyId\"}}}}")
}

/// What a world is made of.
struct Setup {
    kind: Kind,
    head: String,
    sections: String,
    secret: Option<String>,
    environment: Vec<(String, String)>,
    retries: usize,
    timeout: Duration,
    tags: Vec<(&'static str, &'static str)>,
    age: Duration,
    parameters: String,
    pending_removal: Option<PendingRemoval>,
}

/// A provider, a secret that holds a key of it, and the function.
pub(crate) struct World {
    pub(crate) provider: Provider,
    pub(crate) keys: Keys,
    pub(crate) arn: String,
}

impl Setup {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            head: String::new(),
            sections: String::new(),
            secret: None,
            environment: Vec::new(),
            retries: 0,
            timeout: Duration::from_secs(30),
            tags: Vec::new(),
            age: Duration::ZERO,
            parameters: String::new(),
            pending_removal: None,
        }
    }

    /// When AWSPENDING leaves a version that has become AWSCURRENT.
    fn pending_removal(mut self, removal: PendingRemoval) -> Self {
        self.pending_removal = Some(removal);
        self
    }

    /// More of what the function says of parameters.
    fn parameters(mut self, more: &str) -> Self {
        more.clone_into(&mut self.parameters);
        self
    }

    /// Secrets Manager's dates lie so far back.
    fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Lines at the top of the description.
    fn head(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.head);
        self
    }

    /// Sections at its end.
    fn sections(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.sections);
        self
    }

    /// Another text than the bare key.
    fn secret(mut self, text: &str) -> Self {
        self.secret = Some(text.to_owned());
        self
    }

    fn tag(mut self, key: &'static str, value: &'static str) -> Self {
        self.tags.push((key, value));
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn retries(mut self, times: usize) -> Self {
        self.retries = times;
        self
    }

    fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn start(self) -> World {
        let builder = world::as_asked(LocalSecretsManager::builder());
        let builder = match self.pending_removal {
            Some(removal) => builder.pending_removal(removal),
            None => builder,
        };
        let builder = match self.age {
            Duration::ZERO => builder,
            age => builder.clock(Clock::manual(Timestamp::now() - age)),
        };
        let aws = builder
            .retry_delays(vec![Duration::from_millis(20); self.retries])
            .start()
            .await
            .expect("the local Secrets Manager starts");
        let client = world::client(&aws.url());
        let keys = Keys { aws, client };
        let provider = Provider::start(self.kind, FIRST).expect("a provider starts");
        let admin = keys.admin("scripted/admin", ADMIN).await;
        let arn = keys
            .secret(
                "scripted/key",
                self.secret.as_deref().unwrap_or(FIRST),
                &self.tags,
            )
            .await
            .arn()
            .to_owned();
        let description = self.kind.description(&self.head, &self.sections);
        let (url, admins) = (provider.url(), format!("scripted-admin={admin}"));
        let parameters = format!("url={url},{}", self.parameters);
        let mut environment = vec![
            ("PROVIDER", "scripted"),
            ("PROVIDER_DESCRIPTION", description.as_str()),
            ("PROVIDER_PARAMETERS", &parameters),
            ("ADMIN_SECRETS", &admins),
        ];
        for (name, value) in &self.environment {
            environment.retain(|(known, _)| known != name);
            environment.push((name, value));
        }
        keys.aws
            .add_function(function(&environment).timeout(self.timeout));
        World { provider, keys, arn }
    }
}

impl World {
    pub(crate) async fn new(kind: Kind) -> Self {
        Setup::of(kind).start().await
    }

    pub(crate) fn secret(&self) -> Secret<'_> {
        Secret::of(&self.keys.aws, &self.keys.client, self.arn.clone())
    }

    /// Rotates, which must succeed; answers with the new text.
    pub(crate) async fn rotate(&self) -> String {
        let outcome = self.secret().rotate().await;
        outcome.unwrap_or_else(|error| panic!("{error}\n{}", self.keys.log()));
        self.secret().current().await
    }

    /// The key that carries `label`, if there is one.
    pub(crate) async fn key(&self, label: &Label) -> Option<String> {
        let text = self.secret().text(label).await?;
        Some(match serde_json::from_str::<Value>(&text) {
            Ok(document) => {
                let key = document.get("apiKey").or_else(|| document.get("clientSecret"));
                key.and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            Err(_) => text,
        })
    }

    pub(crate) async fn current_key(&self) -> String {
        self.key(&Label::Current).await.expect("AWSCURRENT has a value")
    }

    /// AWSCURRENT works.
    pub(crate) async fn invariant_current_works(&self, after: &str) {
        let key = self.current_key().await;
        assert!(self.provider.accepts(&key), "{after}: AWSCURRENT does not work");
    }

    /// Someone can work: with AWSCURRENT, or with AWSPENDING between setSecret and finishSecret.
    async fn invariant_a_labelled_key_works(&self, after: &str) {
        for label in [Label::Current, Label::Pending] {
            if let Some(key) = self.key(&label).await
                && self.provider.accepts(&key)
            {
                return;
            }
        }
        panic!(
            "{after}: neither AWSCURRENT nor AWSPENDING works\n{}",
            self.keys.log()
        );
    }

    /// Delivers a step that must be refused with `code` and each of `words`, and leaves the current version as it was.
    async fn refuses(&self, token: &str, step: Step, code: &str, words: &[&str]) -> String {
        let secret = self.secret();
        let before = (secret.current().await, secret.carrier(&Label::Current).await);
        let error = secret
            .step(token, step)
            .await
            .expect_err(&format!("{step} is refused with {code}"));
        refusal::check(&error, step, &self.arn, code, words);
        assert_eq!(
            (secret.current().await, secret.carrier(&Label::Current).await),
            before,
            "{code}"
        );
        self.invariant_current_works(code).await;
        error.error_message
    }

    /// A secret's value is put in by hand when the provider gets this request, before it carries it out.
    fn put_while(&self, shape: &str, text: &str) {
        let (client, arn, text) = (self.keys.client.clone(), self.arn.clone(), text.to_owned());
        let runtime = tokio::runtime::Handle::current();
        let put = move || {
            let call = client.put_secret_value().secret_id(&arn).secret_string(&text);
            runtime.block_on(call.send()).expect("the value is stored");
        };
        self.provider.play(shape, 0, 1, Trick::Meanwhile(Arc::new(put)));
    }

    /// Stores a value as that of a rotation, as its createSecret would.
    async fn put_pending(&self, token: &str, text: &str) {
        let call = self.keys.client.put_secret_value().secret_id(&self.arn);
        let call = call.client_request_token(token).secret_string(text);
        let put = call.version_stages(Label::Pending.as_str()).send().await;
        put.expect("the value is staged");
    }

    /// Puts another value in by hand.
    async fn put(&self, text: &str) {
        let call = self
            .keys
            .client
            .put_secret_value()
            .secret_id(&self.arn)
            .secret_string(text);
        call.send().await.expect("the value is stored");
    }

    /// Cancels, and takes AWSPENDING off whatever has it.
    async fn cancel_and_clean_up(&self) {
        let call = self.keys.client.cancel_rotate_secret().secret_id(&self.arn);
        call.send().await.expect("the rotation is cancelled");
        if let Some(pending) = self.secret().carrier(&Label::Pending).await {
            let call = self
                .keys
                .client
                .update_secret_version_stage()
                .secret_id(&self.arn);
            let call = call
                .version_stage(Label::Pending.as_str())
                .remove_from_version_id(pending);
            call.send().await.expect("the label is removed");
        }
    }
}
