//! How a server is set up and started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::in_memory::InMemory;
use super::local::LocalSecretsManager;
use crate::api::Quota;
use crate::arn::Realm;
use crate::clock::Clock;
use crate::engine::{Core, Settings, Token, run_schedule};
use crate::http::{Hosts, reachable, serve};
use crate::lambda::{Function, Host, HostSettings, Variables};
use crate::records::{CallKinds, CallLog};
use crate::state::PendingRemoval;
use crate::wire::routes;

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Builder {
    listen: SocketAddr,
    functions: Vec<Function>,
    environment: Variables,
    timeout: Duration,
    memory_mb: u32,
    echo: bool,
    clock: Clock,
    settings: Settings,
    record: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            functions: Vec::new(),
            environment: Variables::default(),
            timeout: Duration::from_secs(30),
            memory_mb: 128,
            echo: false,
            clock: Clock::system(),
            settings: Settings {
                realm: Realm::default(),
                token: None,
                arn_suffix: None,
                retry_delays: [100, 200, 400, 800].map(Duration::from_millis).to_vec(),
                quotas: BTreeMap::new(),
                reattempt_refused: true,
                pending_removal: PendingRemoval::default(),
                reveal: false,
            },
            record: None,
        }
    }
}

impl LocalSecretsManager {
    /// A server that is not started yet.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// Where to listen; a free port of 127.0.0.1 if not set.
    #[must_use]
    pub const fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Hosts a function.
    #[must_use]
    pub fn function(mut self, function: Function) -> Self {
        self.functions.push(function);
        self
    }

    /// An environment variable for every function.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.add(name, value);
        self
    }

    /// How long an invocation may take: 30 seconds if not set.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The memory that functions are told they have: 128 MB if not set.
    #[must_use]
    pub const fn memory_mb(mut self, megabytes: u32) -> Self {
        self.memory_mb = megabytes;
        self
    }

    /// Passes what functions write on to this process's stderr.
    #[must_use]
    pub const fn echo(mut self, echo: bool) -> Self {
        self.echo = echo;
        self
    }

    /// The six characters at the end of every secret's ARN; random if not set.
    #[must_use]
    pub fn arn_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.settings.arn_suffix = Some(suffix.into());
        self
    }

    /// The account of every ARN, twelve digits; `ACCOUNT` if not set.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.settings.realm.set_account(account.into());
        self
    }

    /// What a caller must send as its access key id, or as a bearer token; no caller needs one if not set.
    ///
    /// With it, the `Host` of a request may be any name: a web page does not know the token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.settings.token = Some(Token::new(token.into()));
        self
    }

    /// The regions; `REGION` if not set. The first is where a request goes that names none.
    ///
    /// With several, the region that a request is signed for decides. With one, every request goes there.
    #[must_use]
    pub fn regions<T: Into<String>>(mut self, regions: impl IntoIterator<Item = T>) -> Self {
        self.settings
            .realm
            .set_regions(regions.into_iter().map(Into::into));
        self
    }

    /// The waits between a rotation's attempts: 0.1, 0.2, 0.4 and 0.8 seconds if not set.
    ///
    /// There is one attempt more than there are waits.
    #[must_use]
    pub fn retry_delays(mut self, delays: impl IntoIterator<Item = Duration>) -> Self {
        self.settings.retry_delays = delays.into_iter().collect();
        self
    }

    /// Throttles writes beyond so many a second; AWS allows 50 (fact 16). Off if not set.
    #[must_use]
    pub fn write_quota(mut self, per_second: usize) -> Self {
        self.settings.quotas.insert(Quota::Writes, per_second);
        self
    }

    /// Throttles GetSecretValue beyond so many a second; AWS allows 10,000 (fact 16). Off if not set.
    #[must_use]
    pub fn value_quota(mut self, per_second: usize) -> Self {
        self.settings.quotas.insert(Quota::Values, per_second);
        self
    }

    /// Throttles DescribeSecret beyond so many a second; AWS allows 40,000 (fact 16). Off if not set.
    #[must_use]
    pub fn describe_quota(mut self, per_second: usize) -> Self {
        self.settings.quotas.insert(Quota::Descriptions, per_second);
        self
    }

    /// Whether RotateSecret, refused because an earlier rotation has failed, attempts that rotation again: yes if not set.
    ///
    /// AWS's message says so (fact 3).
    #[must_use]
    pub const fn reattempt_refused(mut self, reattempt: bool) -> Self {
        self.settings.reattempt_refused = reattempt;
        self
    }

    /// When `AWSPENDING` leaves a version that has become `AWSCURRENT`: when the rotation is complete, if not set.
    #[must_use]
    pub const fn pending_removal(mut self, removal: PendingRemoval) -> Self {
        self.settings.pending_removal = removal;
        self
    }

    /// Whether the page at `/` shows secret values: no if not set.
    #[must_use]
    pub const fn reveal(mut self, reveal: bool) -> Self {
        self.settings.reveal = reveal;
        self
    }

    /// The clock: dates, schedules, quotas and recovery windows go by it; retries, delays and time limits do not.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Adds the kinds of call that functions make to a file, a line each: what their roles must allow.
    #[must_use]
    pub fn record_calls(mut self, path: impl Into<PathBuf>) -> Self {
        self.record = Some(path.into());
        self
    }

    /// A Secrets Manager that only this process can ask, without functions: nothing is listened on.
    pub fn in_memory(self) -> InMemory {
        let host = HostSettings {
            realm: self.settings.realm.clone(),
            timeout: self.timeout,
            memory_mb: self.memory_mb,
            environment: self.environment,
            endpoint: String::new(),
            echo: self.echo,
            clock: self.clock.clone(),
        };
        let host = Arc::new(Host::new(host, Vec::new()));
        let core = Arc::new(Core::new(self.settings, self.clock, host, CallLog::new(None)));
        InMemory::new(Arc::clone(&core), routes(core))
    }

    /// Starts the server on its own thread. It goes on when the caller's runtime ends, and many tests can share it.
    ///
    /// # Errors
    /// The address cannot be listened on, or the file of `record_calls` cannot be opened.
    pub async fn start(self) -> io::Result<LocalSecretsManager> {
        let record = self.record.as_deref().map(CallKinds::open).transpose()?;
        let (up, started) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("secrets-manager-local".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(2)
                    .enable_all()
                    .build();
                match runtime {
                    Ok(runtime) => runtime.block_on(self.run(CallLog::new(record), up, stopped)),
                    // Nobody waits any more if the receiver is gone.
                    Err(error) => drop(up.send(Err(error))),
                }
            })?;
        let (core, handle, address) = started.await.map_err(io::Error::other)??;
        Ok(LocalSecretsManager::new(core, handle, address, stop, thread))
    }

    async fn run(
        self,
        calls: CallLog,
        up: oneshot::Sender<io::Result<Running>>,
        stopped: oneshot::Receiver<()>,
    ) {
        let bound = TcpListener::bind(self.listen).await;
        let (listener, address) = match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => (listener, address),
            Err(error) => return drop(up.send(Err(error))),
        };
        let host = HostSettings {
            realm: self.settings.realm.clone(),
            timeout: self.timeout,
            memory_mb: self.memory_mb,
            environment: self.environment,
            endpoint: format!("http://{}", reachable(address)),
            echo: self.echo,
            clock: self.clock.clone(),
        };
        let host = Arc::new(Host::new(host, self.functions));
        let core = Arc::new(Core::new(self.settings, self.clock, Arc::clone(&host), calls));
        let routes = routes(Arc::clone(&core));
        let hosts = match core.settings.token {
            Some(_) => Hosts::Any,
            None => Hosts::Own(address),
        };
        if up
            .send(Ok((Arc::clone(&core), Handle::current(), address)))
            .is_ok()
        {
            tokio::select! {
                () = serve(listener, hosts, routes) => {}
                () = run_schedule(core) => {}
                _ = stopped => {}
            }
        }
        host.shut_down().await;
    }
}

type Running = (Arc<Core>, Handle, SocketAddr);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_what_the_environment_holds() {
        let builder = Builder::default()
            .env("PGPASSWORD", "canary")
            .function(Function::new("f", "p").env("KEY", "canary"));
        let shown = format!("{builder:?}");
        assert!(
            shown.contains("PGPASSWORD") && shown.contains("KEY") && !shown.contains("canary"),
            "{shown}"
        );
    }
}
