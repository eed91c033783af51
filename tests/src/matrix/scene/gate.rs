//! The moment in which the function is in a row: it is held there until others have done what they do meanwhile.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Nobody needs longer to get ready.
const LONGEST: Duration = Duration::from_secs(3);

/// Whether the row was reached, and whether it may go on.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    reached: bool,
    open: bool,
}

impl Gate {
    /// The row is reached: waits until the gate is open. Blocks.
    pub(super) fn pass(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.reached = true;
        let _ = self
            .changed
            .wait_timeout_while(state, LONGEST, |state| !state.open)
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// Whether the row was reached.
    pub(super) fn is_reached(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).reached
    }

    /// Lets it go on.
    pub(super) fn open(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open = true;
        self.changed.notify_all();
    }
}
