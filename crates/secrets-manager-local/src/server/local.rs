//! A running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::body::Bytes;
use serde_json::Map;
use staging_labels::VersionId;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::api::Operation;
use crate::engine::{self, Core};
use crate::faults::Faults;
use crate::http::reachable;
use crate::lambda::{Function, Invocation, Network};
use crate::records::{CallRecord, RotationRun};
use crate::state::{ApiError, TrailEvent};

/// A running server. Dropping it kills its functions and closes every connection.
#[derive(Debug)]
pub struct LocalSecretsManager {
    core: Arc<Core>,
    handle: Handle,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LocalSecretsManager {
    pub(super) const fn new(
        core: Arc<Core>,
        handle: Handle,
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        thread: JoinHandle<()>,
    ) -> Self {
        Self {
            core,
            handle,
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The endpoint for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", reachable(self.address))
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The account of its ARNs.
    pub fn account(&self) -> &str {
        self.core.realm().account()
    }

    /// Its regions. A method that takes a secret's name means the first; an ARN names its own.
    pub fn regions(&self) -> Vec<&str> {
        self.core.realm().regions().collect()
    }

    /// The ARNs of the hosted functions, in each region.
    pub fn function_arns(&self) -> Vec<String> {
        let (realm, names) = (self.core.realm(), self.core.host.names());
        let in_region = |region| names.iter().map(move |name| realm.function_arn(region, name));
        realm.regions().flat_map(in_region).collect()
    }

    /// Creates a secret with this SecretString.
    ///
    /// # Errors
    /// What `CreateSecret` refuses.
    pub fn create_secret(&self, name: &str, value: &str) -> Result<(), ApiError> {
        let members = Map::from_iter([
            ("Name".to_owned(), name.into()),
            ("SecretString".to_owned(), value.into()),
            ("ClientRequestToken".to_owned(), Uuid::new_v4().to_string().into()),
        ]);
        engine::perform(
            &self.core,
            self.core.realm().home(),
            Operation::CreateSecret,
            &members,
            false,
        )
        .map(|_| ())
    }

    /// Hosts one more function, or another under the same name.
    pub fn add_function(&self, function: Function) {
        self.core.host.add(function);
    }

    /// Removes a function, as `DeleteFunction` does. Secrets go on naming it.
    pub fn remove_function(&self, name: &str) {
        self.core.host.remove(name);
    }

    /// Puts a function into a state of Lambda's, such as `Inactive` or `Failed`, for a reason. Only what is said of it changes.
    pub fn set_function_state(&self, name: &str, state: &str, reason: Option<&str>) {
        self.core.host.change_rules(name, |rules| {
            state.clone_into(&mut rules.state);
            rules.reason = reason.map(str::to_owned);
        });
    }

    /// Says that a function is in a VPC, with these subnets and security groups. Only what is said of it changes.
    pub fn set_function_network(&self, name: &str, vpc: &str, subnets: &[&str], groups: &[&str]) {
        let owned = |all: &[&str]| all.iter().map(|id| (*id).to_owned()).collect();
        self.core.host.change_rules(name, |rules| {
            rules.network = Some(Network {
                vpc: vpc.to_owned(),
                subnets: owned(subnets),
                groups: owned(groups),
            });
        });
    }

    /// Kills a function's idle processes, so that its next invocation is a cold start.
    pub async fn cool_down(&self, function: &str) {
        let (host, name) = (Arc::clone(&self.core.host), function.to_owned());
        self.run(async move { host.cool_down(&name).await }).await;
    }

    /// A switch that kills every process of a function, whatever it is doing, and returns when they are gone.
    ///
    /// Faults kill at a call of the Secrets Manager API. This is for every other moment: for example, a test's proxy
    /// kills the function when it sees an SQL statement.
    pub fn kill_switch(&self, function: &str) -> impl Fn() + Send + Sync + use<> {
        let (core, handle, name) = (Arc::clone(&self.core), self.handle.clone(), function.to_owned());
        move || {
            let (gone, killed) = std::sync::mpsc::channel();
            let (host, name) = (Arc::clone(&core.host), name.clone());
            handle.spawn(async move {
                host.kill(&name).await;
                // Nobody waits any more if the receiver is gone.
                let _ = gone.send(());
            });
            // An error means that the server has ended, and every process with it.
            let _ = killed.recv();
        }
    }

    /// The faults.
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// The calls so far, in the order in which they came in.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.core.calls.list()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.core.calls.clear();
    }

    /// What a function wrote to stdout and stderr, by lines.
    pub fn logs(&self, function: &str) -> Vec<String> {
        self.core.host.logs(function)
    }

    /// The rotations of a secret (name or ARN), in the order in which they began.
    pub fn rotations(&self, secret: &str) -> Vec<RotationRun> {
        self.core.runs.list(Some(&self.arn(secret)))
    }

    /// Waits until the rotation of `token` has ended; `None` if it never began.
    pub async fn wait_for_rotation(&self, secret: &str, token: &str) -> Option<RotationRun> {
        self.core.runs.wait(&self.arn(secret), token).await
    }

    /// The secret's `CloudTrail` events (fact 20).
    pub fn events(&self, secret: &str) -> Vec<TrailEvent> {
        self.core.read_by(secret, |state| {
            state
                .find(secret)
                .map(|secret| secret.trail.clone())
                .unwrap_or_default()
        })
    }

    /// Invokes a function; `None` if there is none of this name.
    pub async fn invoke(&self, function: &str, payload: impl Into<Bytes>) -> Option<Invocation> {
        let (core, name, payload) = (Arc::clone(&self.core), function.to_owned(), payload.into());
        self.run(async move { core.host.invoke(&name, core.realm().home(), payload).await })
            .await
            .flatten()
    }

    /// Stages an empty `AWSPENDING` version (fact 2), without invoking anything, for steps delivered one by one.
    /// The RotationToken that their events carry.
    pub fn stage_pending(&self, secret: &str, token: &str) -> Result<String, ApiError> {
        let token: VersionId = token
            .parse()
            .map_err(|error| ApiError::invalid_parameter(format!("{error}")))?;
        self.core.stage_pending(secret, token, None)
    }

    /// Marks a secret as managed by a service, or as a replica of one in another region (facts 17 and 19).
    pub fn set_origin(
        &self,
        secret: &str,
        owning_service: Option<&str>,
        primary_region: Option<&str>,
    ) -> Result<(), ApiError> {
        self.core.set_origin(
            secret,
            owning_service.map(str::to_owned),
            primary_region.map(str::to_owned),
        )
    }

    /// Puts a tag on a secret as AWS itself does: its key may begin with `aws:`, which `TagResource` refuses (fact 19).
    /// RDS tags the secret of a master user with such keys.
    pub fn set_system_tag(&self, secret: &str, key: &str, value: &str) -> Result<(), ApiError> {
        self.core
            .set_system_tags(secret, vec![(key.to_owned(), value.to_owned())])
    }

    /// Work in the server's own runtime: it goes on even if the caller's is dropped.
    async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        self.handle.spawn(work).await.ok()
    }

    fn arn(&self, secret: &str) -> String {
        self.core.read_by(secret, |state| {
            state
                .resolve(secret)
                .map_or_else(|_| secret.to_owned(), str::to_owned)
        })
    }
}

impl Drop for LocalSecretsManager {
    fn drop(&mut self) {
        // An error means that the server has ended by itself.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
