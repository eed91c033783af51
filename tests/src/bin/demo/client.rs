//! An application that uses the credential that it has cached, again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// Uses of a cached credential before a newer one is read.
const USES: usize = 5;
/// Between two uses: an application has other things to do, too, and so has this machine.
const PAUSE: Duration = Duration::from_millis(5);

/// A client with a cached credential.
pub(crate) struct Client<C> {
    shared: Arc<Shared<C>>,
    task: JoinHandle<()>,
}

struct Shared<C> {
    credential: Mutex<C>,
    uses: AtomicUsize,
    failed: AtomicUsize,
    stop: AtomicBool,
}

impl<C: Clone + Send + 'static> Client<C> {
    /// One that has `credential`, and begins at once; `attempt` uses it, and says what went wrong.
    pub(crate) fn start<A, F>(credential: C, attempt: A) -> Self
    where
        A: Fn(C) -> F + Send + 'static,
        F: Future<Output = Result<(), String>> + Send,
    {
        let shared = Arc::new(Shared {
            credential: Mutex::new(credential),
            uses: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let task = tokio::spawn({
            let shared = shared.clone();
            async move {
                while !shared.stop.load(Ordering::Relaxed) {
                    let credential = shared.credential.lock().await.clone();
                    if let Err(error) = attempt(credential).await {
                        crate::screen::say(&error);
                        shared.failed.fetch_add(1, Ordering::Relaxed);
                    }
                    shared.uses.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Self { shared, task }
    }

    /// Waits until it has used what it has some more, or has come to an end.
    pub(crate) async fn goes_on(&self) {
        let enough = self.shared.uses.load(Ordering::Relaxed) + USES;
        while self.shared.uses.load(Ordering::Relaxed) < enough && !self.task.is_finished() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Lets it have a newer credential.
    pub(crate) async fn reads(&self, credential: C) {
        *self.shared.credential.lock().await = credential;
    }

    /// Stops it; how often it used a credential, and how often that failed.
    pub(crate) async fn stop(self) -> (usize, usize) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        // One that came to an end of its own has failed, whatever it counted.
        let died = usize::from(self.task.await.is_err());
        (count(&self.shared.uses), count(&self.shared.failed) + died)
    }
}
