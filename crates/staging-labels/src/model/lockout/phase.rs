//! Where an invocation is, between two of its calls.

use super::variant::Undo;
use crate::{CurrentMoves, Step};

/// One invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Invocation {
    pub(super) step: Step,
    /// The number of the token's version.
    pub(super) token: usize,
    pub(super) phase: Phase,
    /// Secrets Manager still waits for its answer.
    pub(super) awaited: bool,
    pub(super) actor: Actor,
    /// How it gives back what worked: this depends on why it fails.
    pub(super) undo: Undo,
    pub(super) transaction: Transaction,
}

/// Whose code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Actor {
    Ours(CurrentMoves),
    /// AWS's template, or a person who moves the label by hand.
    Template,
}

/// An open transaction holds the lock of the role's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Transaction {
    No,
    Open,
    /// The server has ended it: the change is undone, and COMMIT will fail.
    Expired,
}

/// What follows once the row is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Locked {
    Change { to: u8, from: usize },
    Promote { from: usize },
    Switch { from: usize },
    Confirm,
    Return { from: usize },
    GiveBack { from: usize },
}

/// The next call. `from` is the version that had AWSCURRENT when the step began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Read labels and values, log in, decide.
    Begin,
    /// Store the new value.
    Put(u8),
    /// Begin a transaction and change the password: waits for the lock of the row.
    Lock(Locked),

    // The classic order.
    /// Read the labels once more.
    ChangeLook {
        to: u8,
        from: usize,
    },
    /// Make the new password valid.
    Change {
        to: u8,
        from: usize,
    },
    /// Keys: use the value that was uploaded.
    KeyTryOut {
        to: u8,
        from: usize,
    },
    /// Keys have no lock: read the labels once more, after the upload.
    ChangeAfter {
        to: u8,
    },
    /// Log in with the new password.
    Verify {
        from: usize,
    },
    PromoteLook {
        from: usize,
    },
    /// Move AWSCURRENT.
    Promote {
        from: usize,
    },

    // The switch.
    /// Move AWSCURRENT while the change is uncommitted. `again`: the answer to the first call is unknown.
    Move {
        from: usize,
        again: bool,
    },
    /// Read the labels until two readings, more than a second apart, agree.
    MoveRead {
        from: usize,
        seen: Option<bool>,
    },
    Commit {
        from: usize,
    },
    /// Log in with the new password, right after COMMIT.
    TryOut {
        from: usize,
    },

    // Confirm: AWSCURRENT is on the token's version.
    Confirm,
    ConfirmRead {
        seen: Option<bool>,
    },
    ConfirmCommit,

    // The way back: the server refuses the new password although it took it over.
    ReturnMove {
        from: usize,
    },
    ReturnRead {
        from: usize,
        seen: Option<bool>,
    },
    ReturnCommit {
        from: usize,
    },
    ReturnRelease,

    // Rollbacks after the commit, the fence among them.
    UndoLook {
        from: usize,
    },
    /// Take AWSPENDING off.
    UndoRelease {
        from: usize,
    },
    UndoLookAgain {
        from: usize,
    },
    /// Put a copy of AWSCURRENT's value.
    FencePut {
        from: usize,
    },
    /// Move AWSCURRENT to the copy.
    FenceMove {
        from: usize,
    },
    FencePause {
        from: usize,
    },
    FenceRelease,
    UndoLockedLook {
        from: usize,
    },
    /// Make the old password valid again.
    UndoChange {
        from: usize,
    },
    UndoAfter {
        from: usize,
    },
}

impl Phase {
    /// Whether the next call reads labels, and nothing else.
    pub(super) fn reads(&self) -> bool {
        matches!(
            self,
            Self::Begin
                | Self::ChangeLook { .. }
                | Self::ChangeAfter { .. }
                | Self::PromoteLook { .. }
                | Self::MoveRead { .. }
                | Self::ConfirmRead { .. }
                | Self::ReturnRead { .. }
                | Self::UndoLook { .. }
                | Self::UndoLookAgain { .. }
                | Self::UndoLockedLook { .. }
                | Self::UndoAfter { .. }
        )
    }
}
