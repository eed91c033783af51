//! The variants of the protocol: the two that are built, and the ideas that do not work.

/// Where the password changes, and where AWSCURRENT moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// setSecret changes the password, finishSecret moves AWSCURRENT.
    Classic,
    /// finishSecret does both.
    BothInFinish,
    /// setSecret does both, in one transaction.
    Switch,
}

/// What a step does that fails for good after the password was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Undo {
    Nothing,
    /// Set the old password.
    Bare,
    /// The same, if the labels say that AWSCURRENT has not moved.
    Look,
    /// The same, and look once more afterwards.
    LookTwice,
    /// Take AWSPENDING off first.
    Release,
    /// Move AWSCURRENT to a copy of the old value first.
    Fence,
}

/// How a step makes sure that a switch was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confirm {
    Never,
    /// One reading of the labels decides.
    OneReading,
    /// Two readings that agree, more than a second apart.
    TwoReadings,
}

/// One variant.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each one is a guard that a test takes away"
)]
pub(super) struct Variant {
    pub(super) name: &'static str,
    pub(super) order: Order,
    pub(super) undo: Undo,
    /// The same if the label's move was denied, and if its outcome is unknown; otherwise `undo`.
    pub(super) if_denied: Option<Undo>,
    pub(super) if_unknown: Option<Undo>,
    /// The operator's test runs before the change; after it, it only warns.
    pub(super) test_first: bool,
    /// Ask IAM for the label's move before the change.
    pub(super) probe: bool,
    /// The server has locks: PostgreSQL. A provider of keys has none.
    pub(super) locks: bool,
    /// setSecret, finishSecret, the rollback look at the labels while they hold the lock.
    pub(super) lock_in_set: bool,
    pub(super) lock_in_finish: bool,
    pub(super) lock_in_undo: bool,
    /// Under the lock, the login that opened the session must still work.
    pub(super) second_login: bool,
    /// Keys: look after the upload.
    pub(super) look_after_set: bool,
    /// After the fence, wait for longer than a read can be stale.
    pub(super) pause: bool,
    /// The fence leaves AWSPENDING on the token until the old password is back.
    pub(super) keeps_pending: bool,
    pub(super) confirm: Confirm,
    /// The label's move, if refused, is followed by readings of the labels.
    pub(super) reads_if_unknown: bool,
    /// Confirm changes the password through AWSPREVIOUS's login only.
    pub(super) modest: bool,
    /// A login follows COMMIT, and a way back if it is refused.
    pub(super) tries_out: bool,
    /// Keys: setSecret uses what it has uploaded, and uploads the old value again if both are refused.
    pub(super) uses_upload: bool,
}

pub(super) const TODAY: Variant = Variant {
    name: "classic",
    order: Order::Classic,
    undo: Undo::Nothing,
    if_denied: None,
    if_unknown: None,
    test_first: false,
    probe: false,
    locks: true,
    lock_in_set: false,
    lock_in_finish: false,
    lock_in_undo: false,
    second_login: false,
    look_after_set: false,
    pause: false,
    keeps_pending: false,
    confirm: Confirm::Never,
    reads_if_unknown: true,
    modest: true,
    tries_out: false,
    uses_upload: false,
};

const fn rollback(name: &'static str, undo: Undo) -> Variant {
    Variant { name, undo, ..TODAY }
}

const fn all_locked(variant: Variant) -> Variant {
    Variant {
        lock_in_set: true,
        lock_in_finish: true,
        lock_in_undo: true,
        ..variant
    }
}

/// setSecret locks the row, looks at the labels, and makes sure that the password it came in with is still the role's.
pub(super) const TODAY_LOOKS: Variant = Variant {
    name: "classic, looks under the lock",
    lock_in_set: true,
    second_login: true,
    ..TODAY
};
pub(super) const BARE: Variant = rollback("rollback", Undo::Bare);
pub(super) const LOOK: Variant = rollback("rollback, looks before", Undo::Look);
pub(super) const LOOK_TWICE: Variant = rollback("rollback, looks before and after", Undo::LookTwice);
pub(super) const RELEASE: Variant = rollback("rollback, releases AWSPENDING first", Undo::Release);
pub(super) const RELEASE_LOCKED: Variant =
    all_locked(rollback("rollback, releases first, locks", Undo::Release));
pub(super) const LOOK_KNOWN: Variant = Variant {
    if_unknown: Some(Undo::Nothing),
    ..all_locked(rollback("rollback of known refusals, locks", Undo::Look))
};
pub(super) const LOOK_TWICE_LOCKED: Variant = Variant {
    confirm: Confirm::OneReading,
    tries_out: false,
    ..all_locked(rollback("rollback, looks twice, locks, repairs", Undo::LookTwice))
};
pub(super) const FORWARD: Variant = Variant {
    name: "test first, probe",
    test_first: true,
    probe: true,
    ..TODAY
};
pub(super) const SET_IN_FINISH: Variant = Variant {
    name: "both in finishSecret",
    order: Order::BothInFinish,
    ..TODAY
};

pub(super) const SWITCH: Variant = Variant {
    name: "switch",
    order: Order::Switch,
    test_first: true,
    confirm: Confirm::TwoReadings,
    tries_out: true,
    ..TODAY
};
pub(super) const SWITCH_NO_CONFIRM: Variant = Variant {
    name: "switch, no confirm",
    confirm: Confirm::Never,
    ..SWITCH
};
pub(super) const SWITCH_NO_LOCK: Variant = Variant {
    name: "switch, no lock",
    locks: false,
    ..SWITCH
};
pub(super) const SWITCH_ONE_READING: Variant = Variant {
    name: "switch, confirms by one reading",
    confirm: Confirm::OneReading,
    ..SWITCH
};
pub(super) const SWITCH_NO_READING: Variant = Variant {
    name: "switch, a refusal is taken at its word",
    reads_if_unknown: false,
    ..SWITCH
};
pub(super) const SWITCH_NO_WAY_BACK: Variant = Variant {
    name: "switch, no login after COMMIT",
    tries_out: false,
    ..SWITCH
};

pub(super) const FENCE: Variant = Variant {
    name: "fence",
    undo: Undo::Fence,
    if_denied: Some(Undo::Nothing),
    lock_in_set: true,
    lock_in_undo: true,
    second_login: true,
    pause: true,
    keeps_pending: true,
    ..TODAY
};
pub(super) const FENCE_NO_LOCK: Variant = Variant {
    name: "fence, no lock in setSecret",
    lock_in_set: false,
    ..FENCE
};
pub(super) const FENCE_NO_PAUSE: Variant = Variant {
    name: "fence, no pause",
    pause: false,
    ..FENCE
};
pub(super) const FENCE_NO_SECOND_LOGIN: Variant = Variant {
    name: "fence, no login under the lock",
    second_login: false,
    ..FENCE
};
pub(super) const FENCE_MOVES_PENDING: Variant = Variant {
    name: "fence, AWSPENDING goes to the copy",
    keeps_pending: false,
    ..FENCE
};
pub(super) const KEY: Variant = Variant {
    name: "key, classic",
    locks: false,
    ..TODAY
};
pub(super) const KEY_FENCE: Variant = Variant {
    name: "key, fence",
    locks: false,
    look_after_set: true,
    ..FENCE
};

pub(super) const KEY_RETURN: Variant = Variant {
    name: "key, setSecret gives back",
    undo: Undo::LookTwice,
    if_denied: Some(Undo::Nothing),
    if_unknown: Some(Undo::Nothing),
    uses_upload: true,
    look_after_set: true,
    ..KEY
};
pub(super) const KEY_RETURN_BLIND: Variant = Variant {
    name: "key, setSecret gives back without a look",
    undo: Undo::Bare,
    ..KEY_RETURN
};

pub(super) const ALL: [&Variant; 26] = [
    &TODAY,
    &TODAY_LOOKS,
    &BARE,
    &LOOK,
    &LOOK_TWICE,
    &RELEASE,
    &RELEASE_LOCKED,
    &LOOK_KNOWN,
    &LOOK_TWICE_LOCKED,
    &FORWARD,
    &SET_IN_FINISH,
    &SWITCH,
    &SWITCH_NO_CONFIRM,
    &SWITCH_NO_LOCK,
    &SWITCH_ONE_READING,
    &SWITCH_NO_READING,
    &SWITCH_NO_WAY_BACK,
    &FENCE,
    &FENCE_NO_LOCK,
    &FENCE_NO_PAUSE,
    &FENCE_NO_SECOND_LOGIN,
    &FENCE_MOVES_PENDING,
    &KEY,
    &KEY_FENCE,
    &KEY_RETURN,
    &KEY_RETURN_BLIND,
];
