//! What can go wrong between two alternating users, each cause with a stable code. What can go wrong with any role is in
//! `crate::fault`.

use std::time::Duration;

use postgres_protocol::escape::escape_identifier;
use rotation::{Advice, Fault, Kind, Prospect};
use strum::VariantNames;

use crate::fault::{Attempts, Said, Tried};

/// Every code of an `AlternatingFault`; each has a page in `docs/runbook`.
pub const CODES: &[&str] = AlternatingFault::VARIANTS;

/// Why two users cannot alternate. `server` is `host:port` throughout.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
pub(crate) enum AlternatingFault {
    /// Nobody may make the other user.
    #[error("two users alternate only through a superuser role, and the secret names none")]
    SuperuserSecretMissing,
    /// It would take the ground from under its own feet.
    #[error("the superuser role {role:?} is one of the two users that alternate")]
    #[strum(serialize = "SuperuserIsTheUser")]
    AdminIsOfThePair { role: String },
    /// The server would cut it.
    #[error("the role name {role:?} leaves no room for a clone: with _clone it has {bytes} bytes")]
    #[strum(serialize = "RoleNameInvalid")]
    CloneNameTooLong { role: String, bytes: usize },
    /// Only a superuser may make a copy of one.
    #[error("role {role:?} is a superuser")]
    #[strum(serialize = "RolePowerful")]
    Superuser { role: String },
    /// A role of that name is there, and nothing ties it to the original.
    #[error("role {clone:?} exists at {server}, and nothing shows that it is the clone of {original:?}: {}", not_shown(*member))]
    CloneForeign {
        server: String,
        clone: String,
        original: String,
        /// It is a member of the original, and lacks the comment.
        member: bool,
        /// What would tie the two.
        tie: String,
    },
    /// The clone says whose it is, and that role is not there.
    #[error("the server {server} has no role {original:?}, of which {clone:?} is the clone")]
    OriginalMissing {
        server: String,
        original: String,
        clone: String,
    },
    /// The pending version takes `current` for a clone, which it is not.
    #[error("the pending version is for role {pending:?}, but {current:?} is no clone of it")]
    PendingUserWrong { pending: String, current: String },
    /// Both versions are for one role, and the pending password is not the role's.
    #[error(
        "the pending version is for role {role:?}, as AWSCURRENT is, and with a password that the server does not know"
    )]
    #[strum(serialize = "PendingUserWrong")]
    TurnPassed { role: String },
    /// The NOLOGIN role that both act as.
    #[error("the owner role {owner:?} cannot be acted as at {server}: {problem}")]
    OwnerUnusable {
        server: String,
        owner: String,
        problem: &'static str,
    },
    /// No version shows that this secret may speak for its role.
    #[error("no version of the secret logs in at {server}: {}", Attempts(tried))]
    CurrentUnproven {
        server: String,
        role: String,
        tried: Vec<Tried>,
    },
    /// Found before anything is changed.
    #[error("the superuser role {admin:?} may not do at {server} what alternating users need: {missing}")]
    SuperuserLacksRights {
        server: String,
        admin: String,
        missing: String,
        /// The statement that gives the right, and who can run it.
        remedy: String,
    },
    /// The server refused one of the statements that make the two users alike.
    #[error("the server {server} refused to {repair}: {said}")]
    RepairRefused {
        server: String,
        repair: String,
        said: Said,
        remedy: String,
    },
    /// An application would miss something.
    #[error("role {pending:?} could not do all that {current:?} can: it lacks {lacks}")]
    RightsDiffer {
        pending: String,
        current: String,
        lacks: String,
        remedy: String,
    },
    /// Somebody still uses the role that is to be reset.
    #[error("role {role:?} still has {sessions} open sessions at {server} after {:.1} s", waited.as_secs_f64())]
    SessionsOpen {
        server: String,
        role: String,
        sessions: u64,
        waited: Duration,
    },
}

impl Fault for AlternatingFault {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        match self {
            Self::SuperuserSecretMissing => Advice::new(Kind::Secret, "add `masterarn`, the ARN of the secret of a role that may create and alter roles, or set SUPERUSER_SECRET or ADMIN_IAM_USERNAME of the function; or use rotate-postgres-single-user, which needs no superuser role"),
            Self::AdminIsOfThePair { .. } => Advice::new(Kind::Secret, "let `masterarn` name the secret of another role, one that may alter both"),
            Self::CloneNameTooLong { .. } => Advice::new(Kind::Secret, "rename the role to one of at most 57 bytes (ALTER ROLE … RENAME TO, then the secret), or use rotate-postgres-single-user"),
            Self::Superuser { .. } => Advice::new(Kind::Privilege, "let applications log in as an ordinary role; a superuser's own password is rotated by rotate-postgres-single-user"),
            Self::CloneForeign { clone, original, member, tie, .. } => Advice::new(Kind::Privilege, clone_foreign(clone, original, *member, tie)),
            Self::OriginalMissing { original, .. } => Advice::new(Kind::Privilege, format!(
                "if the role was renamed, name it {} again (ALTER ROLE … RENAME TO), or write the secret by hand for the role's new name",
                escape_identifier(original)
            )),
            Self::PendingUserWrong { .. } => Advice::new(Kind::Secret, "AWSPENDING is taken off this version: rotate again: createSecret asks the server whose clone it is").with(Prospect::PoisonedPending),
            Self::TurnPassed { .. } => Advice::new(Kind::Secret, "AWSPENDING is taken off this version: rotate again: the other user is next").with(Prospect::PoisonedPending),
            Self::OwnerUnusable { owner, .. } => Advice::new(Kind::Privilege, format!(
                "let `ownerrole` (or OWNER_ROLE) name the role that owns the application's objects, one that cannot log in (ALTER ROLE {0} NOLOGIN) and that the user may act as (GRANT {0} TO the user)",
                escape_identifier(owner)
            )),
            Self::CurrentUnproven { role, .. } => Advice::new(Kind::Login, format!(
                "a superuser secret alone does not show that this secret may speak for the role: if the password was changed (by hand, by another secret of the same two users, or by restoring an old snapshot), set that of {0} by hand (\\password {0}), write it into the secret (aws secretsmanager put-secret-value), and rotate; if the role was locked, ALTER ROLE {0} LOGIN when that is over",
                escape_identifier(role)
            )),
            Self::SuperuserLacksRights { remedy, .. } | Self::RepairRefused { remedy, .. } | Self::RightsDiffer { remedy, .. } => Advice::new(Kind::Privilege, remedy),
            Self::SessionsOpen { role, .. } => Advice::new(Kind::Server, format!(
                "let the clients that still use the password of the rotation before last read the secret again (SELECT * FROM pg_stat_activity WHERE usename = '{}'), or set IDLE_SESSIONS to report",
                role.replace('\'', "''")
            )),
        }
    }
}

/// What is missing.
const fn not_shown(member: bool) -> &'static str {
    if member {
        "before PostgreSQL 15 a membership alone proves nothing, and it has no comment that says so"
    } else {
        "it is no member of it"
    }
}

/// First who made the role: the statement that ties it hands it over to the secret.
fn clone_foreign(clone: &str, original: &str, member: bool, tie: &str) -> String {
    let (clone, original) = (escape_identifier(clone), escape_identifier(original));
    let otherwise = if member {
        format!("REVOKE {original} FROM {clone}, and rename one of the two roles")
    } else {
        format!("rename one of the two roles (ALTER ROLE {clone} RENAME TO …)")
    };
    format!(
        "find out who made {clone} and who logs in as it: every user who can read the secret will have its password. If it was made as the clone of {original}: {tie}; otherwise {otherwise}"
    )
}

#[cfg(test)]
mod tests;
