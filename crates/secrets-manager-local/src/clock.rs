//! The server's clock: the real one, or one that a test moves.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// Tells the time, and wakes those who wait for it to change.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Manual(now) => *now.borrow(),
        }
    }

    /// Moves a manual clock on; the machine's clock goes by itself and is left alone.
    pub fn advance(&self, by: SignedDuration) {
        if let Source::Manual(now) = &self.0 {
            now.send_modify(|now| *now = now.saturating_add(by).unwrap_or(*now));
        }
    }

    /// Waits until it is `due`, or, for a manual clock, until somebody has moved it.
    pub(crate) async fn wait_until(&self, due: Option<Timestamp>) {
        match &self.0 {
            Source::Manual(now) => {
                let mut moved = now.subscribe();
                if due.is_none_or(|due| *moved.borrow_and_update() < due) {
                    // An error means that the clock is gone: nobody can move it any more.
                    let _ = moved.changed().await;
                }
            }
            Source::System => match due {
                None => std::future::pending().await,
                Some(due) => {
                    let left = due.duration_since(Timestamp::now());
                    tokio::time::sleep(left.try_into().unwrap_or_default()).await;
                }
            },
        }
    }
}
