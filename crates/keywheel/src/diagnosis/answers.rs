//! What was asked, and what was answered.

use jiff::{SignedDuration, Timestamp};
use rotation::{Strategy, Tags};
use staging_labels::{CurrentMoves, Label, Labels, VersionId};

use super::function::network::{Database, Network, Vpc};
use super::function::permission::Permission;
use crate::log::Entry;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    /// The answer.
    Said(T),
    /// There is none, and why.
    NotAsked(Unasked),
}

impl<T> Answer<T> {
    /// The answer, if there is one.
    pub(crate) const fn said(&self) -> Option<&T> {
        match self {
            Self::Said(answer) => Some(answer),
            Self::NotAsked(_) => None,
        }
    }
}

impl<T, U> Answer<(T, U)> {
    /// Two answers of one question.
    pub(crate) fn unzip(self) -> (Answer<T>, Answer<U>) {
        match self {
            Self::Said((one, other)) => (Answer::Said(one), Answer::Said(other)),
            Self::NotAsked(why) => (Answer::NotAsked(why.clone()), Answer::NotAsked(why)),
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unasked {
    /// The other answers were enough.
    NotNeeded,
    /// It does not apply, as this says.
    Because(&'static str),
    /// A flag was not given.
    Flag(&'static str),
    /// One login of this run was refused: another could lock the role.
    OneRefused,
    /// The caller lacks this permission.
    Needs(&'static str),
    /// There was no answer, or one that cannot be used.
    Failed(String),
}

/// DescribeSecret, reduced to what decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Whether rotation is on; absent if it was never configured.
    pub(crate) enabled: Option<bool>,
    /// The function's ARN.
    pub(crate) function: Option<String>,
    /// The time between two rotations; absent for a cron expression.
    pub(crate) interval: Option<SignedDuration>,
    /// The end of the next window.
    pub(crate) next: Option<Timestamp>,
    /// The last success.
    pub(crate) last_rotated: Option<Timestamp>,
    /// When the secret was made.
    pub(crate) created: Option<Timestamp>,
    /// When anything of it changed last.
    pub(crate) changed: Option<Timestamp>,
    /// When it is or was to be deleted.
    pub(crate) deleted: Option<Timestamp>,
    /// The region of the primary, if this is a replica.
    pub(crate) primary_region: Option<String>,
    /// The service that manages it.
    pub(crate) owning_service: Option<String>,
    /// The KMS key, if it is not the usual one.
    pub(crate) key: Option<String>,
    /// Which version carries which label.
    pub(crate) labels: Labels,
    /// Its tags: those of a bare password may say whose it is.
    pub(crate) tags: Tags,
}

impl Secret {
    /// The version that carries AWSCURRENT.
    pub(crate) fn current(&self) -> Option<&VersionId> {
        self.labels.carrier(&Label::Current)
    }

    /// The version that carries AWSPENDING and not AWSCURRENT: a rotation that has not finished.
    pub(crate) fn pending(&self) -> Option<&VersionId> {
        self.labels
            .carrier(&Label::Pending)
            .filter(|pending| Some(*pending) != self.current())
    }

    /// Whether AWSCURRENT may have moved without a success that was recorded: something changed after the last one. The versions tell.
    pub(crate) fn may_be_unconfirmed(&self) -> bool {
        let pending = self.labels.carrier(&Label::Pending);
        pending.is_some() && pending == self.current() && self.last_rotated < self.changed
    }

    /// The fourth part of its ARN.
    pub(crate) fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }

    /// The AWS account in its ARN.
    pub(crate) fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }
}

/// A version that has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// Its ID.
    pub(crate) id: VersionId,
    /// When it was made.
    pub(crate) created: Option<Timestamp>,
    /// Whether it carries any label.
    pub(crate) labelled: bool,
}

/// `GetFunctionConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Function {
    /// There is no such function.
    Gone,
    /// There is one.
    There(FunctionState),
}

/// A function's state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FunctionState {
    /// `Active`, `Inactive`, `Pending` or `Failed`.
    pub(crate) state: String,
    /// The reason of a state that is not `Active`, or of an update that failed.
    pub(crate) reason: Option<String>,
    /// Whether its last update failed.
    pub(crate) update_failed: bool,
    /// Its time limit in seconds.
    pub(crate) timeout: u32,
    /// Its environment's `AWSCURRENT_MOVES`, if that is set.
    pub(crate) moves: Option<CurrentMoves>,
    /// The ARN of its role.
    pub(crate) role: Option<String>,
    /// Its log group, if it is not the usual one.
    pub(crate) log_group: Option<String>,
    /// Its network, if it is in a VPC.
    pub(crate) vpc: Option<Vpc>,
}

/// What a login with a value came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginAnswer {
    /// The database let it in.
    Accepted,
    /// The database refused it: the code or SQLSTATE.
    Refused(String),
    /// The other value of the same user was accepted, so this one cannot be.
    Outdated,
}

impl LoginAnswer {
    /// Whether the value logs in.
    pub(crate) const fn works(&self) -> bool {
        matches!(self, Self::Accepted)
    }
}

/// `--login`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logins {
    /// With AWSCURRENT's value.
    pub(crate) current: Answer<LoginAnswer>,
    /// With the value of AWSPENDING, or of the version that lost it.
    pub(crate) pending: Answer<LoginAnswer>,
    /// Whether AWSPENDING is for the same server, database and TLS mode, if both values were read.
    pub(crate) same_place: Option<bool>,
    /// Whose password a rotation changes, by the users that both values name.
    pub(crate) strategy: Option<Strategy>,
}

impl Logins {
    /// Nothing was tried, because of this.
    pub(crate) fn none(why: &Unasked) -> Self {
        Self {
            current: Answer::NotAsked(why.clone()),
            pending: Answer::NotAsked(why.clone()),
            same_place: None,
            strategy: None,
        }
    }

    /// Whether the database refused one.
    pub(crate) fn one_was_refused(&self) -> bool {
        let answers = [&self.current, &self.pending];
        answers
            .iter()
            .any(|answer| matches!(answer.said(), Some(LoginAnswer::Refused(_))))
    }

    pub(super) fn current_works(&self) -> Option<bool> {
        self.current.said().map(LoginAnswer::works)
    }

    pub(super) fn pending_works(&self) -> Option<bool> {
        self.pending.said().map(LoginAnswer::works)
    }
}

/// An event of `CloudTrail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrailEvent {
    /// When.
    pub(crate) at: Timestamp,
    /// Such as `RotationFailed`.
    pub(crate) name: String,
    /// The caller's ARN. Secrets Manager's own events have none.
    pub(crate) by: Option<String>,
    /// What went wrong.
    pub(crate) message: Option<String>,
    /// The version that a call stored: its `ClientRequestToken`.
    pub(crate) version: Option<String>,
}

/// Whether the function's role may do what a rotation needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleCheck {
    /// The actions that its policies do not allow.
    pub(crate) denied: Vec<String>,
    /// Whether the secret's own policy denies something to somebody, if that was answered.
    pub(crate) secret_denies: Option<bool>,
}

/// All that was asked about a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answers {
    /// DescribeSecret; none if there is no such secret.
    pub(crate) secret: Answer<Option<Secret>>,
    /// `ListSecretVersionIds`, unlabelled versions too.
    pub(crate) versions: Answer<Vec<Version>>,
    /// `GetFunctionConfiguration`.
    pub(crate) function: Answer<Function>,
    /// `GetPolicy` of the function.
    pub(crate) permission: Answer<Permission>,
    /// `GetFunctionConcurrency`: what is reserved, if anything.
    pub(crate) concurrency: Answer<Option<u32>>,
    /// The function's log.
    pub(crate) log: Answer<Vec<Entry>>,
    /// `LookupEvents`, newest first.
    pub(crate) events: Answer<Vec<TrailEvent>>,
    /// `SimulatePrincipalPolicy` and `GetResourcePolicy`.
    pub(crate) role: Answer<RoleCheck>,
    /// `DescribeKey`: the key's state.
    pub(crate) key: Answer<String>,
    /// EC2: the ways out of the function's VPC.
    pub(crate) network: Answer<Network>,
    /// `DescribeDBInstances`: the database that was not reached.
    pub(crate) database: Answer<Database>,
    /// Logins from here.
    pub(crate) logins: Logins,
    /// If there is no such secret: names that begin as it was typed.
    pub(crate) similar: Vec<String>,
    /// Likewise: other regions that have a secret of this name.
    pub(crate) other_regions: Vec<String>,
    /// The region that was asked.
    pub(crate) region: String,
}

impl Answers {
    /// Nothing was asked yet.
    pub(crate) fn none(region: &str) -> Self {
        Self {
            secret: Answer::NotAsked(Unasked::NotNeeded),
            versions: Answer::NotAsked(Unasked::NotNeeded),
            function: Answer::NotAsked(Unasked::NotNeeded),
            permission: Answer::NotAsked(Unasked::NotNeeded),
            concurrency: Answer::NotAsked(Unasked::NotNeeded),
            log: Answer::NotAsked(Unasked::NotNeeded),
            events: Answer::NotAsked(Unasked::NotNeeded),
            role: Answer::NotAsked(Unasked::NotNeeded),
            key: Answer::NotAsked(Unasked::NotNeeded),
            network: Answer::NotAsked(Unasked::NotNeeded),
            database: Answer::NotAsked(Unasked::NotNeeded),
            logins: Logins::none(&Unasked::NotNeeded),
            similar: Vec::new(),
            other_regions: Vec::new(),
            region: region.to_owned(),
        }
    }
}
