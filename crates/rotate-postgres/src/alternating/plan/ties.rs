//! What ties two roles together: what no ordinary role can make itself, and never a name alone. Pure.
//!
//! | | who can make it |
//! |---|---|
//! | membership of the clone in the original | since 16 a role with ADMIN OPTION on the original; in 15 also one with CREATEROLE; before 15 **also the original itself**, if it can log in |
//! | the comment on the clone | a role with CREATEROLE (since 16 also ADMIN OPTION on the clone) |
//! | `ALTER ROLE … SET role` | the role itself, for any role: no tie, but a sign that there was one |
//!
//! So before PostgreSQL 15 a membership alone ties nothing: the comment is needed too.

use postgres_protocol::escape::escape_identifier;

use super::facts::{Facts, Role};
use super::names::Pair;
use super::repair::Repair;
use crate::alternating::fault::AlternatingFault;

/// The first version in which a login role may not grant membership in itself.
const WITHOUT_SELF_ADMINISTRATION: u32 = 150_000;

/// The comment on a clone.
pub(super) fn mark_of(original: &str) -> String {
    format!("keywheel: clone of {}", escape_identifier(original))
}

/// Whether the clone's comment says that it is the original's.
pub(super) fn is_marked(clone: &Role, original: &str) -> bool {
    clone
        .comment
        .as_ref()
        .is_some_and(|comment| comment.contains(&mark_of(original)))
}

/// What makes the comment say so; what stands there already stays.
pub(super) fn marked(clone: &Role, original: &str) -> Repair {
    let mark = mark_of(original);
    Repair::Mark {
        role: clone.name.clone(),
        comment: match &clone.comment {
            Some(comment) => format!("{comment}; {mark}"),
            None => mark,
        },
    }
}

/// Whether `clone` is the clone of `original`: a member of it; or, in the owner form, marked as its clone and a member of the owner.
/// Where the original may make members itself, it takes the mark too.
pub(super) fn is_tied(facts: &Facts, clone: &Role, original: &str, owner: Option<&str>) -> bool {
    let of_the_original = clone.membership(original).is_some();
    let of_the_owner = owner.is_some_and(|owner| clone.membership(owner).is_some());
    if is_marked(clone, original) {
        of_the_original || of_the_owner
    } else {
        of_the_original && facts.version >= WITHOUT_SELF_ADMINISTRATION
    }
}

/// Why a role of the clone's name is not taken for the clone, and what would tie it to the original.
pub(super) fn foreign(facts: &Facts, clone: &Role, original: &str, server: &str) -> AlternatingFault {
    let member = clone.membership(original).is_some();
    let grant = (!member).then(|| {
        let (original, clone) = (escape_identifier(original), escape_identifier(&clone.name));
        format!("GRANT {original} TO {clone}")
    });
    let mark = (facts.version < WITHOUT_SELF_ADMINISTRATION && !is_marked(clone, original))
        .then(|| marked(clone, original));
    let mark = mark.map(|repair| repair.sql().trim_end_matches([';', ' ']).to_owned());
    AlternatingFault::CloneForeign {
        server: server.to_owned(),
        clone: clone.name.clone(),
        original: original.to_owned(),
        member,
        tie: grant.into_iter().chain(mark).collect::<Vec<_>>().join("; "),
    }
}

/// The role that a role's own setting, for all databases, names as the one to act as: a sign, whether the server follows it or not.
fn own_role(role: &Role) -> Option<&str> {
    let settings = role.settings.iter().filter(|setting| setting.database.is_none());
    let mut pairs = settings
        .flat_map(|setting| setting.config.iter())
        .filter_map(|config| config.split_once('='));
    pairs.find(|(name, _)| *name == "role").map(|(_, value)| value)
}

/// Who takes the next turn after the role that is named like a clone: the original, if the server ties the two, and a clone of its
/// own if nothing does.
///
/// # Errors
/// `OriginalMissing` for a clone whose original is gone, `CloneForeign` for one that was a clone and is tied to it no more, and
/// for a member without the mark that it needs; `RoleNameInvalid` for one of which there can be no clone.
pub(crate) fn counterpart(
    pair: &Pair,
    owner: Option<&str>,
    facts: &Facts,
    server: &str,
) -> Result<String, AlternatingFault> {
    let own = || Ok(Pair::of_original(&pair.clone)?.clone);
    let Some(clone) = facts.role(&pair.clone) else {
        return own();
    };
    let was_a_clone = is_marked(clone, &pair.original) || own_role(clone) == Some(&pair.original);
    match facts.role(&pair.original) {
        None if was_a_clone => Err(AlternatingFault::OriginalMissing {
            server: server.to_owned(),
            original: pair.original.clone(),
            clone: pair.clone.clone(),
        }),
        // A group of which somebody called like a clone is a member is no original. A clone's own original may be locked.
        Some(original) if is_tied(facts, clone, &pair.original, owner) && (original.login || was_a_clone) => {
            Ok(pair.original.clone())
        }
        // Before 15 a member without the mark may be a clone of AWS's template, or the original granted itself to a stranger.
        Some(original) if was_a_clone || (original.login && clone.membership(&pair.original).is_some()) => {
            Err(foreign(facts, clone, &pair.original, server))
        }
        _ => own(),
    }
}
