//! What may go wrong, and how often.

/// A cause for which every attempt fails until somebody mends it. It begins and ends at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cause {
    /// The operator's own test (`TEST_SQL`) fails.
    TestSaysNo,
    /// IAM denies the move of AWSCURRENT.
    MoveDenied,
    /// The provider of keys takes over a new value, and then accepts another one that nobody knows.
    Mangled,
}

/// How often each event may still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Faults {
    /// RotateSecret.
    pub(super) rotations: u8,
    /// Secrets Manager retries a rotation of which a step failed.
    pub(super) retries: u8,
    /// An invocation dies. A call that it made may land later.
    pub(super) crashes: u8,
    /// Secrets Manager takes an invocation for dead that goes on.
    pub(super) lost_answers: u8,
    /// A concurrent invocation of the same step.
    pub(super) twins: u8,
    /// The invocation gives up a call. Its effect comes at any later moment.
    pub(super) timeouts: u8,
    /// One reading of the labels shows them as they were before the last change.
    pub(super) stale_reads: u8,
    /// The server ends an open transaction: an idle time-out, or a failover.
    pub(super) expiries: u8,
    /// A person cancels the rotation and takes AWSPENDING off.
    pub(super) cancellations: u8,
    /// A person changes the password and stores it.
    pub(super) repairs: u8,
    /// AWS's template runs a step.
    pub(super) templates: u8,
    /// This function runs a step with the other value of `AWSCURRENT_MOVES`.
    pub(super) other_order: u8,
    /// A person sees that the pending password works and AWSCURRENT's does not, and moves AWSCURRENT.
    pub(super) moves_by_hand: u8,
    /// A cause begins; a cause ends.
    pub(super) causes: u8,
    pub(super) mends: u8,
}

/// A set of faults, by name.
pub(super) struct Profile {
    pub(super) name: &'static str,
    pub(super) faults: Faults,
    /// Logins are decided by a list of passwords elsewhere, which never takes over a new one.
    pub(super) decided_elsewhere: bool,
}

const NONE: Faults = Faults {
    rotations: 1,
    retries: 1,
    crashes: 0,
    lost_answers: 0,
    twins: 0,
    timeouts: 0,
    stale_reads: 0,
    expiries: 0,
    cancellations: 0,
    repairs: 0,
    templates: 0,
    other_order: 0,
    moves_by_hand: 0,
    causes: 1,
    mends: 1,
};

const fn profile(name: &'static str, faults: Faults) -> Profile {
    Profile {
        name,
        faults,
        decided_elsewhere: false,
    }
}

pub(super) const CALM: Profile = profile("calm", NONE);
pub(super) const TWIN: Profile = profile(
    "twin",
    Faults {
        twins: 1,
        lost_answers: 1,
        ..NONE
    },
);
pub(super) const IN_FLIGHT: Profile = profile(
    "in flight",
    Faults {
        twins: 1,
        timeouts: 1,
        crashes: 1,
        ..NONE
    },
);
pub(super) const CRASH: Profile = profile(
    "crash",
    Faults {
        crashes: 1,
        lost_answers: 1,
        ..NONE
    },
);
pub(super) const STALE: Profile = profile(
    "stale",
    Faults {
        twins: 1,
        stale_reads: 1,
        ..NONE
    },
);
/// Two answers lost in a row: the label's move, and the same call again.
pub(super) const UNKNOWN: Profile = profile(
    "unknown",
    Faults {
        timeouts: 2,
        stale_reads: 2,
        ..NONE
    },
);
pub(super) const EXPIRY: Profile = profile(
    "expiry",
    Faults {
        expiries: 1,
        timeouts: 1,
        twins: 1,
        ..NONE
    },
);
pub(super) const BY_HAND: Profile = profile(
    "by hand",
    Faults {
        rotations: 2,
        cancellations: 1,
        repairs: 1,
        lost_answers: 1,
        ..NONE
    },
);
/// No cancellation, and no second rotation.
pub(super) const REPAIR: Profile = profile(
    "repair",
    Faults {
        repairs: 1,
        twins: 1,
        lost_answers: 1,
        ..NONE
    },
);
pub(super) const TEMPLATES: Profile = profile(
    "AWS mixed",
    Faults {
        templates: 4,
        twins: 1,
        ..NONE
    },
);
/// A step of AWS's template hangs: the classic order, whoever runs the others.
pub(super) const TEMPLATE_HANGS: Profile = profile(
    "AWS hangs",
    Faults {
        templates: 4,
        twins: 1,
        lost_answers: 1,
        ..NONE
    },
);
pub(super) const SETTING: Profile = profile(
    "setting",
    Faults {
        other_order: 4,
        twins: 1,
        ..NONE
    },
);
pub(super) const PERSON: Profile = profile(
    "person",
    Faults {
        moves_by_hand: 1,
        twins: 1,
        lost_answers: 1,
        ..NONE
    },
);
pub(super) const ELSEWHERE: Profile = Profile {
    name: "elsewhere",
    faults: Faults {
        twins: 1,
        lost_answers: 1,
        ..NONE
    },
    decided_elsewhere: true,
};

pub(super) const ALL: [&Profile; 14] = [
    &CALM,
    &TWIN,
    &IN_FLIGHT,
    &CRASH,
    &STALE,
    &UNKNOWN,
    &EXPIRY,
    &BY_HAND,
    &REPAIR,
    &TEMPLATES,
    &TEMPLATE_HANGS,
    &SETTING,
    &PERSON,
    &ELSEWHERE,
];
