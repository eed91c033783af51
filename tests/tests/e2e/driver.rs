//! The driver on the real wire: a target in memory that records what it is asked, and Secrets Manager over HTTP.

mod conflicts;
mod order;
mod states;

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use keywheel_tests::world;

use rotation::{
    Advice, Budget, Cause, Context, Error, Event, Fault, Kind, NoTransaction, Prospect, Store, Strategy,
    Tags, Target,
};
use secrecy::SecretString;
use secrets_manager_local::LocalSecretsManager;
use serde_json::json;
use staging_labels::{Label, Labels, Step};
use uuid::Uuid;

/// What a target may be told to answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the target refuses")]
struct Refused(Prospect);

impl Fault for Refused {
    fn code(&self) -> &'static str {
        "Refused"
    }
    fn advice(&self) -> Advice<'_> {
        Advice::new(Kind::Policy, "ask it something else").with(self.0)
    }
}

/// Something to do while a method runs.
type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>>>;

/// A target in memory: it records its calls, and refuses what it is told to refuse.
#[derive(Default)]
struct Recorder {
    calls: RefCell<Vec<&'static str>>,
    refuses: Cell<Option<(&'static str, Prospect)>>,
    during: RefCell<Option<(&'static str, Hook)>>,
}

impl Recorder {
    fn note(&self, method: &'static str) -> Result<(), Cause> {
        self.calls.borrow_mut().push(method);
        match self.refuses.get() {
            Some((refused, prospect)) if refused == method => Err(Refused(prospect).into()),
            _ => Ok(()),
        }
    }

    async fn happen(&self, method: &'static str) {
        let hook = self.during.borrow_mut().take_if(|(during, _)| *during == method);
        if let Some((_, hook)) = hook {
            hook().await;
        }
    }

    /// The calls so far, which are forgotten.
    fn taken(&self) -> Vec<&'static str> {
        self.calls.take()
    }
}

impl Target for Recorder {
    const STRATEGY: Strategy = Strategy::SingleUser;
    type Secret = SecretString;
    type Prepared = NoTransaction;

    fn read(&self, text: &SecretString, _: &Tags) -> Result<SecretString, Cause> {
        self.note("read").map(|()| text.clone())
    }

    fn text<'a>(&self, secret: &'a SecretString) -> &'a SecretString {
        secret
    }

    fn check_pair(&self, _: &SecretString, _: &SecretString) -> Result<(), Cause> {
        self.note("check_pair")
    }

    async fn propose(&self, _: &SecretString, _: &Context<'_>) -> Result<SecretString, Cause> {
        self.happen("propose").await;
        self.note("propose")?;
        Ok(Uuid::new_v4().to_string().into())
    }

    async fn apply(&self, _: &SecretString, _: &SecretString, _: &Context<'_>) -> Result<(), Cause> {
        self.happen("apply").await;
        self.note("apply")
    }

    async fn verify(&self, _: &SecretString, _: &SecretString, _: &Context<'_>) -> Result<(), Cause> {
        self.happen("verify").await;
        self.note("verify")
    }
}

/// A secret, and the driver that is to rotate it.
struct Bench {
    aws: Arc<LocalSecretsManager>,
    client: Client,
    secret: String,
    target: Recorder,
}

impl Bench {
    /// A secret with a value.
    async fn new() -> Self {
        Self::with_value(Some("old")).await
    }

    async fn with_value(value: Option<&str>) -> Self {
        let aws = LocalSecretsManager::builder().start().await;
        let aws = Arc::new(aws.expect("the local Secrets Manager starts"));
        let client = world::client(&aws.url());
        let call = client.create_secret().name("keywheel/driver");
        let created = call.set_secret_string(value.map(str::to_owned)).send().await;
        let secret = created.expect("a secret is created").arn.expect("it has an ARN");
        Self {
            aws,
            client,
            secret,
            target: Recorder::default(),
        }
    }

    fn stage(&self) -> String {
        let token = Uuid::new_v4().to_string();
        let staged = self.aws.stage_pending(&self.secret, &token);
        staged.expect("an empty version can be staged");
        token
    }

    /// A version that went through `steps`; what was recorded of them is forgotten.
    async fn gone_through(&self, steps: &[Step]) -> String {
        let token = self.stage();
        for &step in steps {
            self.run(&token, step).await.expect("the step goes through");
        }
        self.target.taken();
        self.aws.clear_calls();
        token
    }

    /// One step, as the function runs it.
    async fn run(&self, token: &str, step: Step) -> Result<&'static str, Error> {
        let payload = json!({"Step": step.name(), "SecretId": self.secret, "ClientRequestToken": token});
        let event = Event::parse(&payload).expect("the event is one");
        let store = Store::new(self.client.clone());
        let budget = Budget::lasting(Duration::from_secs(30));
        rotation::run(&store, &self.target, &event, budget).await
    }

    /// Makes the target refuse.
    fn refuse(&self, method: &'static str, prospect: Prospect) {
        self.target.refuses.set(Some((method, prospect)));
    }

    /// Does something to the secret, once, while `method` runs.
    fn during(&self, method: &'static str, hook: impl Future<Output = ()> + 'static) {
        let hook: Hook = Box::new(|| Box::pin(hook));
        self.target.during.replace(Some((method, hook)));
    }

    async fn put(&self, text: &str, labels: &[&str]) -> String {
        let token = Uuid::new_v4().to_string();
        let call = self.client.put_secret_value().secret_id(&self.secret);
        let call = call.client_request_token(&token).secret_string(text);
        let call = call.set_version_stages(Some(labels.iter().map(|&label| label.to_owned()).collect()));
        call.send().await.expect("the value is stored");
        token
    }

    async fn labels(&self) -> Labels {
        let answer = self.client.describe_secret().secret_id(&self.secret).send().await;
        let stages = answer.expect("the secret is there").version_ids_to_stages;
        stages.unwrap_or_default().into_iter().collect()
    }

    async fn carrier(&self, label: &Label) -> Option<String> {
        self.labels().await.carrier(label).map(ToString::to_string)
    }

    /// The calls of this operation so far, with what came of them.
    fn calls(&self, operation: &str) -> Vec<String> {
        let calls = self.aws.calls().into_iter();
        calls
            .filter(|call| call.operation == operation)
            .filter_map(|call| call.outcome)
            .collect()
    }

    /// How many writes there were.
    fn writes(&self) -> usize {
        self.calls("PutSecretValue").len() + self.calls("UpdateSecretVersionStage").len()
    }
}
