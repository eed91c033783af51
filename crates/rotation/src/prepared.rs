//! A change that is held open, and what can come of it.

use std::time::Duration;

use crate::fault::Cause;

/// The time that a step must have left before it opens a change: one move of the label, its reading if the answer is lost, the
/// commit, and a second to tell. With less, a target commits at once and lets finishSecret move AWSCURRENT.
pub const LEAST_TIME: Duration = Duration::from_secs(10);

/// What a target did in setSecret.
#[derive(Debug)]
pub enum Applied<P> {
    /// The change is made and not committed: nobody can use the new value yet.
    Prepared(P),
    /// The new value is in use already, and the current one is not: the target has just used it.
    InUse,
    /// The change is committed. AWSCURRENT moves in finishSecret.
    Committed,
}

/// What came of a commit that the server answered.
#[derive(Debug)]
pub enum Landed<P> {
    /// The new value is in use.
    InUse,
    /// The server took the change and refuses the new value all the same.
    Refused {
        /// The change back to the old value, not committed.
        back: P,
        /// The refusal.
        cause: Cause,
    },
}

/// A change that the target's server has accepted, in a transaction that is still open. Dropped, it takes no effect.
#[expect(
    async_fn_in_trait,
    reason = "functions run on one thread: no future needs to be Send"
)]
pub trait Prepared: Sized {
    /// Commits, then uses the new value as an application would.
    ///
    /// # Errors
    /// It is not known whether the change was committed, or the new value could not be tried.
    async fn commit(self) -> Result<Landed<Self>, Cause>;

    /// Commits the way back of [`Landed::Refused`], and tries nothing.
    ///
    /// # Errors
    /// It is not known whether the change was committed.
    async fn commit_back(self) -> Result<(), Cause>;

    /// Gives the change up, and waits until the server has done so: Lambda freezes a function once it has answered, and a frozen
    /// function would keep its locks.
    async fn rollback(self);
}

/// The open change of a target that has no transactions: there is none.
#[derive(Debug)]
pub enum NoTransaction {}

impl Prepared for NoTransaction {
    async fn commit(self) -> Result<Landed<Self>, Cause> {
        match self {}
    }

    async fn commit_back(self) -> Result<(), Cause> {
        match self {}
    }

    async fn rollback(self) {
        match self {}
    }
}
