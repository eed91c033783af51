//! All functions with their sandboxes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use jiff::Timestamp;

use super::environment::Variables;
use super::function::{Function, Target};
use super::logs::FunctionLog;
use super::outcome::{Invocation, Reply, Telemetry};
use super::remote;
use super::rules::Rules;
use super::sandbox::{Blueprint, Sandbox};
use crate::arn::Realm;
use crate::clock::Clock;
use crate::sync::lock;

/// What holds for every function.
#[derive(Debug, Clone)]
pub(crate) struct HostSettings {
    pub(crate) realm: Realm,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u32,
    pub(crate) environment: Variables,
    pub(crate) endpoint: String,
    pub(crate) echo: bool,
    pub(crate) clock: Clock,
}

/// What a function is told, and how long it may run.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u32,
    pub(crate) environment: Variables,
    /// As Lambda names it: of a script in Python, or of a binary.
    pub(crate) runtime: &'static str,
    /// What is called.
    pub(crate) handler: String,
}

/// The functions by name.
#[derive(Debug)]
pub(crate) struct Host {
    settings: HostSettings,
    functions: Mutex<BTreeMap<String, Arc<Hosted>>>,
    sandboxes: Mutex<HashMap<String, Arc<Sandbox>>>,
}

#[derive(Debug)]
struct Hosted {
    function: Function,
    rules: Mutex<Rules>,
    idle: Mutex<Vec<Arc<Sandbox>>>,
    log: Arc<FunctionLog>,
}

impl Host {
    pub(crate) fn new(settings: HostSettings, functions: Vec<Function>) -> Self {
        let host = Self {
            settings,
            functions: Mutex::default(),
            sandboxes: Mutex::default(),
        };
        for function in functions {
            host.add(function);
        }
        host
    }

    /// Adds a function, or replaces the one of the same name; sandboxes of the old one end with their invocation.
    pub(crate) fn add(&self, function: Function) {
        let log = Arc::new(FunctionLog::new(self.settings.echo, self.settings.clock.clone()));
        let hosted = Hosted {
            function: function.clone(),
            rules: Mutex::new(Rules::new(self.settings.realm.account())),
            idle: Mutex::default(),
            log,
        };
        if let Some(old) = lock(&self.functions).insert(function.name, Arc::new(hosted)) {
            self.end(&old);
        }
    }

    /// Removes a function; its sandboxes end with their invocation.
    pub(crate) fn remove(&self, name: &str) {
        if let Some(old) = lock(&self.functions).remove(name) {
            self.end(&old);
        }
    }

    fn end(&self, old: &Hosted) {
        for sandbox in lock(&old.idle).drain(..) {
            lock(&self.sandboxes).remove(&sandbox.id);
            sandbox.kill_soon();
        }
    }

    /// What the function is told; the later of two variables of one name counts.
    pub(crate) fn configuration(&self, name: &str) -> Option<Configuration> {
        let hosted = self.hosted(name)?;
        let mut environment = Variables::default();
        let all = self.settings.environment.iter();
        for (name, value) in all.chain(hosted.function.environment.iter()) {
            environment.add(name, value);
        }
        let (runtime, handler) = hosted.function.runtime();
        Some(Configuration {
            runtime,
            handler,
            timeout: self.timeout(&hosted),
            memory_mb: self.memory_mb(&hosted.function),
            environment,
        })
    }

    fn timeout(&self, hosted: &Hosted) -> Duration {
        let set = lock(&hosted.rules).timeout;
        set.or(hosted.function.timeout).unwrap_or(self.settings.timeout)
    }

    /// What Lambda itself holds of a function.
    pub(crate) fn rules(&self, name: &str) -> Option<Rules> {
        self.hosted(name).map(|hosted| lock(&hosted.rules).clone())
    }

    /// Changes that; `None` if there is no such function.
    pub(crate) fn change_rules<T>(&self, name: &str, change: impl FnOnce(&mut Rules) -> T) -> Option<T> {
        self.hosted(name).map(|hosted| change(&mut lock(&hosted.rules)))
    }

    /// Whether a rotation in a region may invoke the function that an ARN names.
    pub(crate) fn lets_rotations_invoke(&self, arn: &str, region: &str) -> bool {
        let realm = &self.settings.realm;
        let name = arn.strip_prefix(&realm.function_arn(region, ""));
        let rules = name.and_then(|_| self.rules(&self.name_of(arn)?));
        rules.is_some_and(|rules| rules.allow_rotations_of(realm.account()))
    }

    /// What the function and Lambda have written so far, and when.
    pub(crate) fn events(&self, name: &str) -> Vec<(Timestamp, String)> {
        self.hosted(name)
            .map(|hosted| hosted.log.events())
            .unwrap_or_default()
    }

    /// The name in a function's ARN, or the name itself, if there is such a function.
    pub(crate) fn name_of(&self, arn_or_name: &str) -> Option<String> {
        let name = self.settings.realm.function_name(arn_or_name);
        lock(&self.functions).contains_key(name).then(|| name.to_owned())
    }

    /// The functions' names.
    pub(crate) fn names(&self) -> Vec<String> {
        lock(&self.functions).keys().cloned().collect()
    }

    /// What the function has written so far.
    pub(crate) fn logs(&self, name: &str) -> Vec<String> {
        self.hosted(name)
            .map(|hosted| hosted.log.lines())
            .unwrap_or_default()
    }

    /// The sandbox that has this access key id.
    pub(crate) fn sandbox(&self, access_key_id: &str) -> Option<Arc<Sandbox>> {
        lock(&self.sandboxes).get(access_key_id).cloned()
    }

    fn hosted(&self, name: &str) -> Option<Arc<Hosted>> {
        lock(&self.functions).get(name).cloned()
    }

    /// Invokes a function in a region; `None` if there is none of this name.
    pub(crate) async fn invoke(&self, name: &str, region: &str, payload: Bytes) -> Option<Invocation> {
        let hosted = self.hosted(name)?;
        let request_id = uuid::Uuid::new_v4().to_string();
        let limit = self.timeout(&hosted);
        let throttled = lock(&hosted.rules).throttles();
        let started = Instant::now();
        let position = hosted.log.position();
        let (reply, telemetry) = match &hosted.function.target {
            _ if throttled => {
                let reply = Reply::failure("TooManyRequestsException", "Rate Exceeded.".to_owned());
                (reply, Telemetry::default())
            }
            Target::Remote(host) => {
                let reply = remote::invoke(host, name, payload, limit).await;
                (reply, Telemetry::default())
            }
            Target::Program { .. } | Target::Handler(_) => {
                self.invoke_program(&hosted, region, &request_id, payload, limit)
                    .await
            }
        };
        let duration = started.elapsed();
        let lines = hosted.log.since(position, &telemetry.sandbox);
        let memory_mb = self.memory_mb(&hosted.function);
        let log = report(&request_id, &lines, duration, memory_mb, &telemetry);
        let (payload, error) = reply.into_parts();
        if let Some(error) = error.as_ref().filter(|error| is_of_lambda(&error.error_type)) {
            // As Lambda writes it: the type of its own errors stands on a line of its own.
            let kind = error.error_type.strip_prefix("Runtime.");
            let kind = kind.map(|kind| format!("\nRuntime.{kind}")).unwrap_or_default();
            hosted.log.note(format!("{}{kind}", error.error_message));
        }
        Some(Invocation {
            request_id,
            payload,
            error,
            duration,
            init: telemetry.init,
            peak_memory_kib: telemetry.peak_memory_kib,
            processor_time: telemetry.processor_time,
            log,
        })
    }

    async fn invoke_program(
        &self,
        hosted: &Arc<Hosted>,
        region: &str,
        request_id: &str,
        payload: Bytes,
        limit: Duration,
    ) -> (Reply, Telemetry) {
        let sandbox = match self.warm_or_new(hosted, region).await {
            Ok(sandbox) => sandbox,
            Err(error) => {
                let message = format!("RequestId: {request_id} Error: fork/exec: {error}");
                let reply = Reply::failure("Runtime.InvalidEntrypoint", message);
                return (reply, Telemetry::default());
            }
        };
        let arn = self.settings.realm.function_arn(region, &hosted.function.name);
        let reply = sandbox.invoke(request_id, payload, arn, limit).await;
        let telemetry = sandbox.telemetry();
        if sandbox.is_gone() || !self.is_current(hosted) {
            lock(&self.sandboxes).remove(&telemetry.sandbox);
            sandbox.kill_soon();
        } else {
            lock(&hosted.idle).push(sandbox);
        }
        (reply, telemetry)
    }

    /// Whether the function was not replaced meanwhile.
    fn is_current(&self, hosted: &Arc<Hosted>) -> bool {
        self.hosted(&hosted.function.name)
            .is_some_and(|current| Arc::ptr_eq(&current, hosted))
    }

    /// A sandbox of a region: the process was told its region when it started.
    async fn warm_or_new(&self, hosted: &Hosted, region: &str) -> std::io::Result<Arc<Sandbox>> {
        let take = || {
            let mut idle = lock(&hosted.idle);
            let at = idle.iter().rposition(|sandbox| sandbox.region == region)?;
            Some(idle.swap_remove(at))
        };
        while let Some(sandbox) = take() {
            if !sandbox.is_gone() {
                return Ok(sandbox);
            }
            lock(&self.sandboxes).remove(&sandbox.id);
        }
        let blueprint = Blueprint {
            function: &hosted.function,
            region,
            memory_mb: self.memory_mb(&hosted.function),
            environment: &self.settings.environment,
            endpoint: &self.settings.endpoint,
            log: &hosted.log,
        };
        let sandbox = Arc::new(Sandbox::start(&blueprint).await?);
        lock(&self.sandboxes).insert(sandbox.id.clone(), Arc::clone(&sandbox));
        Ok(sandbox)
    }

    fn memory_mb(&self, function: &Function) -> u32 {
        function.memory_mb.unwrap_or(self.settings.memory_mb)
    }

    /// Kills the idle sandboxes of a function: its next invocation is a cold start.
    pub(crate) async fn cool_down(&self, name: &str) {
        let Some(hosted) = self.hosted(name) else { return };
        let idle = std::mem::take(&mut *lock(&hosted.idle));
        for sandbox in idle {
            sandbox.kill().await;
            lock(&self.sandboxes).remove(&sandbox.id);
        }
    }

    /// Kills all processes of a function, those at work included, and waits until they are gone.
    pub(crate) async fn kill(&self, name: &str) {
        let all: Vec<_> = lock(&self.sandboxes).values().map(Arc::clone).collect();
        for sandbox in all.iter().filter(|sandbox| sandbox.function == name) {
            sandbox.kill().await;
        }
    }

    /// Kills every process, and waits until they are gone.
    pub(crate) async fn shut_down(&self) {
        let all: Vec<_> = lock(&self.sandboxes)
            .drain()
            .map(|(_, sandbox)| sandbox)
            .collect();
        for sandbox in all {
            sandbox.kill().await;
        }
    }
}

/// Whether an error is Lambda's own: a time limit, a process that ended.
fn is_of_lambda(error_type: &str) -> bool {
    error_type.starts_with("Sandbox.") || error_type.starts_with("Runtime.")
}

/// The log of one invocation between the lines that Lambda writes around it.
fn report(
    request_id: &str,
    lines: &[String],
    duration: Duration,
    memory_mb: u32,
    telemetry: &Telemetry,
) -> String {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let duration = duration.saturating_sub(telemetry.init.unwrap_or_default());
    let billed = milliseconds(duration).ceil();
    let duration = milliseconds(duration);
    let used = telemetry
        .peak_memory_kib
        .map(|kib| format!("\tMax Memory Used: {} MB", kib.div_ceil(1024)));
    let init = telemetry
        .init
        .map(|init| format!("\tInit Duration: {:.2} ms", milliseconds(init)));
    let (used, init) = (used.unwrap_or_default(), init.unwrap_or_default());
    let lines: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    format!(
        "START RequestId: {request_id} Version: $LATEST\n{lines}END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {memory_mb} MB{used}{init}\n"
    )
}
