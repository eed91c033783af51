//! Which user alternates with which, by name. AWS's naming: `_clone` appended, or taken away. Pure.

use outbound::shortened_name as shortened;

use crate::alternating::fault::AlternatingFault;
use crate::server::endpoint::LONGEST_NAME;

/// What AWS's templates append.
const SUFFIX: &str = "_clone";
/// A role and its clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) original: String,
    pub(crate) clone: String,
}

/// Whose turn it is: the role that is idle now and gets the new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Original,
    Clone,
}

impl Pair {
    /// The pair of a role that is no clone.
    ///
    /// # Errors
    /// `RoleNameInvalid`: the clone's name would be cut.
    pub(crate) fn of_original(original: &str) -> Result<Self, AlternatingFault> {
        let clone = format!("{original}{SUFFIX}");
        if clone.len() > LONGEST_NAME {
            return Err(AlternatingFault::CloneNameTooLong {
                role: shortened(original),
                bytes: clone.len(),
            });
        }
        Ok(Self {
            original: original.to_owned(),
            clone,
        })
    }

    /// The pair of a role that is a clone, if its name is one that a clone can have.
    pub(crate) fn of_clone(clone: &str) -> Option<Self> {
        let original = clone.strip_suffix(SUFFIX).filter(|name| !name.is_empty())?;
        Some(Self {
            original: original.to_owned(),
            clone: clone.to_owned(),
        })
    }

    /// The pair of two names, and whose turn it is; none if they are no pair.
    pub(crate) fn of_turn(current: &str, pending: &str) -> Option<(Self, Turn)> {
        [(pending, Turn::Clone), (current, Turn::Original)]
            .into_iter()
            .find_map(|(clone, turn)| {
                let pair = Self::of_clone(clone)?;
                let original = match turn {
                    Turn::Clone => current,
                    Turn::Original => pending,
                };
                (pair.original == original).then_some((pair, turn))
            })
    }

    /// The role whose turn it is.
    pub(crate) fn idle(&self, turn: Turn) -> &str {
        match turn {
            Turn::Original => &self.original,
            Turn::Clone => &self.clone,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rotation::Fault;

    use super::*;

    #[track_caller]
    fn check(current: &str, pending: &str, expected: Option<(&str, Turn)>) {
        let found = Pair::of_turn(current, pending);
        let found = found.as_ref().map(|(pair, turn)| (pair.original.as_str(), *turn));
        assert_eq!(found, expected, "{current} {pending}");
    }

    #[test]
    fn two_names_are_a_pair_if_one_is_the_other_with_the_suffix() {
        check("app", "app_clone", Some(("app", Turn::Clone)));
        check("app_clone", "app", Some(("app", Turn::Original)));
        check("app_clone", "app_clone_clone", Some(("app_clone", Turn::Clone)));
        check("app", "app", None);
        check("app", "App_clone", None);
        check("app_clone", "other", None);
        check("", "_clone", None);
        check("a%b", "a%b_clone", Some(("a%b", Turn::Clone)));
    }

    #[test]
    fn bytes_are_counted_and_not_characters() {
        let fits = "x".repeat(57);
        assert_eq!(Pair::of_original(&fits).unwrap().clone.len(), 63);
        for long in ["x".repeat(58), "ü".repeat(29)] {
            let fault = Pair::of_original(&long).unwrap_err();
            assert_eq!(fault.code(), "RoleNameInvalid");
            assert!(fault.to_string().contains("64 bytes"), "{fault}");
        }
    }

    proptest! {
        #[test]
        fn whoever_takes_a_turn_gives_it_back(name in ".{1,12}") {
            let pair = Pair::of_original(&name).unwrap();
            prop_assert_eq!(Pair::of_turn(&pair.original, &pair.clone), Some((pair.clone(), Turn::Clone)));
            prop_assert_eq!(Pair::of_turn(&pair.clone, &pair.original), Some((pair.clone(), Turn::Original)));
            prop_assert_eq!(Pair::of_clone(&pair.clone), Some(pair));
        }
    }
}
