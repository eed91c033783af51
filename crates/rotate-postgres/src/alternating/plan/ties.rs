//! What ties two roles together: what no ordinary role can make itself, and never a name alone. Pure.
//!
//! | | who can make it |
//! |---|---|
//! | membership of the clone in the original | who has ADMIN OPTION on the original (before 16: CREATEROLE) |
//! | the comment on the clone | CREATEROLE (and since 16 ADMIN OPTION on the clone) |
//! | `ALTER ROLE … SET role` | the role itself, for any role: no tie, but a sign that there was one |

use postgres_protocol::escape::escape_identifier;

use super::facts::{Facts, Role};
use super::names::Pair;
use crate::alternating::fault::AlternatingFault;

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

/// Whether `clone` is the clone of `original`: a member of it; or, in the owner form, marked as its clone and a member of the owner.
pub(super) fn is_tied(clone: &Role, original: &str, owner: Option<&str>) -> bool {
    let of_the_owner = owner.is_some_and(|owner| clone.membership(owner).is_some());
    clone.membership(original).is_some() || (of_the_owner && is_marked(clone, original))
}

/// The role that a role's own setting, for all databases, makes it act as.
pub(super) fn own_role(role: &Role) -> Option<&str> {
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
/// `OriginalMissing` for a clone whose original is gone, `CloneForeign` for one that was a clone and is tied to it no more;
/// `RoleNameInvalid` for one of which there can be no clone.
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
        Some(original) if is_tied(clone, &pair.original, owner) && (original.login || was_a_clone) => {
            Ok(pair.original.clone())
        }
        Some(_) if was_a_clone => Err(AlternatingFault::CloneForeign {
            server: server.to_owned(),
            clone: pair.clone.clone(),
            original: pair.original.clone(),
        }),
        _ => own(),
    }
}
