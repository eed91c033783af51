//! How a call ends, and what the calls of all parts share.

use super::phase::Phase;

/// How an invocation ended, or that it goes on.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    On(Phase),
    Done,
    Failed,
    /// Another transaction has the lock.
    Waits,
}
