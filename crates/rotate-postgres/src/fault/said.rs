//! What the server said, and what was tried, fit to be shown.

use std::fmt;

use strum::VariantArray as _;

/// How PostgreSQL says that another transaction has just changed or dropped the same row of a catalog (`simple_heap_update`
/// and its like). It has no SQLSTATE of its own: XX000 is that of every internal error.
const CONCURRENT_UPDATE: &str = "tuple concurrently ";

/// `protocol_violation`: what `PgBouncer` has for all that it says itself.
pub(crate) const POOLER: &str = "08P01";

/// What the server said, fit to be shown: one line, of bounded length, no credential in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The SQLSTATE, such as `28P01`.
    pub(crate) state: String,
    /// The message, scrubbed: to be shown, never to be judged.
    pub(crate) text: Box<str>,
    /// What the words say that the SQLSTATE does not.
    hint: Hint,
}

/// What only the words of a server say. It is read before they are scrubbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Hint {
    #[default]
    None,
    ConcurrentUpdate,
    WantsCleartext,
    /// PAM, LDAP or RADIUS decides about a login. On RDS, PAM is what asks IAM.
    DecidedBy(Decider),
    /// A pooler such as `PgBouncer` decides, with SQLSTATE 08P01 for all that it refuses.
    DecidedByPooler,
}

/// Who else than the server decides about a login, by a line of `pg_hba.conf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "UPPERCASE")]
pub(crate) enum Decider {
    Pam,
    Ldap,
    Radius,
}

impl Said {
    /// `words` are the server's own, `shown` is what may be shown of them.
    pub(crate) fn new(state: &str, words: &str, shown: String) -> Self {
        Self {
            state: if is_sqlstate(state) { state } else { "none" }.to_owned(),
            text: shown.into(),
            hint: Hint::of(state, words),
        }
    }

    /// Words that hold no credential.
    pub(crate) fn plain(state: &str, words: &str) -> Self {
        Self::new(state, words, words.to_owned())
    }

    /// The same with another text to be shown.
    pub(crate) fn showing(self, text: String) -> Self {
        let text = text.into();
        Self { text, ..self }
    }

    /// Whether the password is refused (SQLSTATE 28P01), not the role or the connection.
    pub(crate) fn is_of_the_password(&self) -> bool {
        self.state == "28P01"
    }

    /// Whether another transaction changed the same role at the same moment.
    pub(crate) fn is_concurrent_update(&self) -> bool {
        self.hint == Hint::ConcurrentUpdate
    }

    /// Who else than the server decided about a login, if the words say so.
    pub(crate) fn hint(&self) -> Hint {
        self.hint
    }

    /// Whether a policy complains that it was given a verifier.
    pub(crate) fn wants_cleartext(&self) -> bool {
        self.hint == Hint::WantsCleartext
    }
}

impl Hint {
    fn of(state: &str, words: &str) -> Self {
        if state == "XX000" && words.contains(CONCURRENT_UPDATE) {
            Self::ConcurrentUpdate
        } else if wants_cleartext(state, &words.to_lowercase()) {
            Self::WantsCleartext
        } else if let Some(who) = decided_by(state, words) {
            Self::DecidedBy(who)
        } else if is_poolers_refusal(state, words) {
            Self::DecidedByPooler
        } else {
            Self::None
        }
    }
}

/// As `auth_failed` of PostgreSQL words it.
fn decided_by(state: &str, words: &str) -> Option<Decider> {
    let refused = |decider: &Decider| {
        let name: &str = decider.into();
        words.contains(&format!("{name} authentication failed"))
    };
    let found = Decider::VARIANTS.iter().copied().find(refused);
    found.filter(|_| state == "28000")
}

/// As `PgBouncer` words it. The server itself has SQLSTATE 28P01 for a password.
fn is_poolers_refusal(state: &str, words: &str) -> bool {
    let refusals = [
        "authentication failed",
        "auth failed",
        "no such user",
        "wrong password type",
    ];
    state == POOLER && refusals.iter().any(|refusal| words.contains(refusal))
}

/// credcheck says "password type is not a plain text".
fn wants_cleartext(state: &str, words: &str) -> bool {
    let policy = matches!(state, "22023" | "28000" | "28P01" | "P0001" | "XX000" | "0A000");
    let kinds = [
        "plain text",
        "plaintext",
        "plain-text",
        "cleartext",
        "clear text",
        "clear-text",
        "encrypted",
        "hashed",
    ];
    policy && words.contains("password") && kinds.iter().any(|kind| words.contains(kind))
}

/// Five digits and capital letters (PostgreSQL, appendix A). Other text in its place would be shown as it is.
fn is_sqlstate(state: &str) -> bool {
    state.len() == 5
        && state
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" (SQLSTATE {})", self.text, self.state)
    }
}

/// A credential that was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tried {
    /// Which one, such as `the current version`.
    pub(crate) credential: String,
    /// What the server said, or why it could not be tried.
    pub(crate) outcome: String,
}

/// Joins attempts into one clause.
pub(crate) struct Attempts<'a>(pub(crate) &'a [Tried]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, tried) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{}: {}", tried.credential, tried.outcome)?;
        }
        Ok(())
    }
}
