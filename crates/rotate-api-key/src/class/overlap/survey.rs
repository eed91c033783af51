//! What becomes of each key that a provider lists: pure.

use std::collections::{BTreeMap, BTreeSet};

use rotation::VersionId;
use rotation::password::Password;

use crate::key::Key;
use crate::key::mark::{self, Marks};
use crate::provider::Listed;

/// What is known of the secret when its provider's keys are looked at.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// How names of this secret's keys are marked.
    pub(crate) marks: Marks,
    /// AWSCURRENT's key.
    pub(crate) current: Key,
    /// AWSCURRENT's version.
    pub(crate) current_version: VersionId,
    /// The version that this rotation makes, or has just made current.
    pub(crate) token: VersionId,
    /// AWSPREVIOUS's key, if it is another one than the current.
    pub(crate) previous: Option<Key>,
    /// Other versions whose value is the current one: somebody wrote it again by hand.
    pub(crate) copies: BTreeSet<VersionId>,
    /// Versions that names carry and whose value nobody knows: one that a crash lost, for instance.
    pub(crate) unread: BTreeSet<VersionId>,
    /// The keys of versions that names carry, as far as their values can be read.
    pub(crate) known: BTreeMap<VersionId, Key>,
    /// Every key listed belongs to this secret.
    pub(crate) exclusive: bool,
    /// Whether the previous key may be revoked though it was not made by Keywheel.
    pub(crate) adopted: bool,
}

/// The keys, by what becomes of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// What earlier rotations displaced, or lost.
    pub(crate) displaced: Vec<Listed>,
    /// What an earlier createSecret of this version lost, or a concurrent invocation is about to store.
    pub(crate) orphans: Vec<Listed>,
    /// What is not ours to revoke, or not certainly: the previous version's key, or one that may be the current.
    pub(crate) foreign: Vec<Listed>,
    /// How many stay.
    pub(crate) kept: usize,
    /// It is known which of them is the current one.
    pub(crate) is_found: bool,
}

/// What a key turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    Keep,
    Displaced,
    Orphan,
    Foreign,
}

impl Survey {
    /// Sorts the keys. Whatever may be the current key is kept; of the others those alone are revoked that are certainly
    /// this secret's.
    pub(crate) fn of(listed: &[Listed], history: &History) -> Self {
        let current = history.current_id(listed);
        let is_found = current.is_some() || listed.iter().any(|key| history.is_named_current(key));
        let mut survey = Self::default();
        for key in listed {
            match history.finding(key, current.as_deref(), is_found) {
                Finding::Displaced => survey.displaced.push(key.clone()),
                Finding::Orphan => survey.orphans.push(key.clone()),
                Finding::Foreign => survey.foreign.push(key.clone()),
                Finding::Keep => {}
            }
        }
        survey.is_found = is_found;
        survey.kept = listed.len() - survey.displaced.len() - survey.orphans.len();
        survey
    }
}

impl History {
    /// The current key's id: as the document has it, or as a provider has it whose ids are the values. An id that is not
    /// listed, or that was another value's before, says nothing: somebody wrote the key by hand, and left the id.
    fn current_id(&self, listed: &[Listed]) -> Option<String> {
        let id_of_previous = self.previous.as_ref().and_then(|previous| previous.id.as_ref());
        let by_document = self
            .current
            .id
            .clone()
            .filter(|id| Some(id) != id_of_previous && listed.iter().any(|key| key.id == *id));
        by_document.or_else(|| {
            listed
                .iter()
                .find(|key| is_value(&key.id, &self.current))
                .map(|key| key.id.clone())
        })
    }

    /// The name is that of the current version, or of one with the same value.
    fn is_named_current(&self, key: &Listed) -> bool {
        let name = key.name.as_deref().unwrap_or_default();
        let mut versions = self.copies.iter().chain([&self.current_version]);
        versions.any(|version| self.marks.is_of(name, version))
    }

    /// The key in the list that is the previous version's.
    pub(crate) fn is_previous(&self, listed: &Listed) -> bool {
        let Some(previous) = &self.previous else {
            return false;
        };
        let by_name = || {
            let known = listed
                .name
                .as_deref()
                .and_then(|name| self.known.get(&self.marks.version_in(name)?));
            known.is_some_and(|key| key.value == previous.value)
        };
        previous.id.as_ref() == Some(&listed.id) || is_value(&listed.id, previous) || by_name()
    }

    /// What shows that this key of the list is dead, if it is refused. Of two keys with one version's name only one has that
    /// version's value.
    pub(crate) fn value_of(&self, key: &Listed, listed: &[Listed]) -> Option<Password> {
        if let Some(previous) = &self.previous
            && (previous.id.as_ref() == Some(&key.id) || is_value(&key.id, previous))
        {
            return previous.value.clone();
        }
        let version_of = |key: &Listed| self.marks.version_in(key.name.as_deref()?);
        let version = version_of(key)?;
        let known = self.known.get(&version)?;
        let alone = || {
            listed
                .iter()
                .filter(|other| version_of(other).as_ref() == Some(&version))
                .count()
                == 1
        };
        let is_its = known.id.as_ref().map_or_else(alone, |id| *id == key.id);
        known.value.clone().filter(|_| is_its)
    }

    fn finding(&self, key: &Listed, current: Option<&str>, is_found: bool) -> Finding {
        if current == Some(key.id.as_str()) {
            return Finding::Keep;
        }
        // The document names it as the current one. That may be an old id beside a key written by hand, but it may be true.
        if self.current.id.as_deref() == Some(key.id.as_str()) {
            return Finding::Foreign;
        }
        let name = key.name.as_deref().unwrap_or_default();
        let is_of = |version: &VersionId| self.marks.is_of(name, version);
        let previous = self.previous.as_ref().is_some_and(|previous| {
            previous.id.as_deref() == Some(key.id.as_str()) || is_value(&key.id, previous)
        });
        match self.marks.version_in(name) {
            // Before the version's own, as after a finishSecret both are the same.
            Some(_) if is_of(&self.current_version) => match current {
                // The document names another key as the current one: a concurrent invocation left this one.
                Some(_) => Finding::Displaced,
                None => Finding::Keep,
            },
            Some(_) if is_of(&self.token) => Finding::Orphan,
            Some(_) if self.copies.iter().any(is_of) => Finding::Keep,
            // Which of the keys is the current one is not known: it may be this, if somebody took it over by hand.
            Some(version) if !is_found && self.unread.contains(&version) => Finding::Foreign,
            Some(_) => Finding::Displaced,
            None if previous && mark::is_marked(name) => Finding::Foreign,
            None if previous && self.adopted => Finding::Displaced,
            None if previous => Finding::Foreign,
            // Nothing is revoked as another's as long as it is not known which one is the current.
            None if self.exclusive && current.is_some() && key.unused => Finding::Orphan,
            None => Finding::Keep,
        }
    }
}

pub(super) fn is_value(id: &str, key: &Key) -> bool {
    key.value.as_ref() == Some(&id.to_owned().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf";

    fn version(name: &str) -> VersionId {
        VersionId::stored(format!("{name:0>32}"))
    }

    fn marked(name: &str) -> String {
        format!("s-{}", Marks::of(SECRET).mark(&version(name)))
    }

    fn key(id: Option<&str>, value: &str) -> Key {
        Key {
            value: Some(value.to_owned().into()),
            id: id.map(str::to_owned),
            ..Key::default()
        }
    }

    fn history() -> History {
        History {
            marks: Marks::of(SECRET),
            current: key(None, "current-value"),
            current_version: version("current"),
            token: version("token"),
            previous: None,
            known: BTreeMap::new(),
            copies: BTreeSet::new(),
            unread: BTreeSet::new(),
            exclusive: false,
            adopted: true,
        }
    }

    fn listed(id: &str, name: &str) -> Listed {
        Listed {
            id: id.to_owned(),
            name: Some(name.to_owned()),
            unused: true,
        }
    }

    /// `displaced | orphans | foreign | how many are kept`, by id.
    #[track_caller]
    fn check(keys: &[(&str, &str)], history: &History, expected: &str) {
        let keys: Vec<_> = keys.iter().map(|(id, name)| listed(id, name)).collect();
        let survey = Survey::of(&keys, history);
        let ids = |keys: &[Listed]| {
            keys.iter()
                .map(|key| key.id.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let found = format!(
            "{}|{}|{}|{}",
            ids(&survey.displaced),
            ids(&survey.orphans),
            ids(&survey.foreign),
            survey.kept
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn an_id_is_in_no_debug_print() {
        let keys = vec![listed("the-credential-itself", "n")];
        let survey = Survey {
            displaced: keys.clone(),
            ..Survey::default()
        };
        for printed in [
            format!("{keys:?}"),
            format!("{survey:?}"),
            format!("{:?}", keys[0].key()),
        ] {
            assert!(!printed.contains("credential-itself"), "{printed}");
        }
    }

    #[test]
    fn the_names_tell_what_is_current_displaced_and_lost() {
        let (current, old, token) = (marked("current"), marked("old"), marked("token"));
        let keys = [
            ("1", current.as_str()),
            ("2", &old),
            ("3", &token),
            ("4", "somebody's"),
            ("5", "keywheel-0123456789ab-x"),
        ];
        check(&keys, &history(), "2|3||3");
    }

    #[test]
    fn a_value_that_was_written_anew_by_hand_keeps_its_key() {
        let (old, older) = (marked("old"), marked("older"));
        let copied = History {
            copies: [version("old")].into(),
            ..history()
        };
        check(&[("1", &old), ("2", &older)], &copied, "2|||1");
    }

    #[test]
    fn a_key_whose_name_was_cut_stays_for_it_may_be_the_current_one() {
        let version = VersionId::stored("6f3c9a52-7c1e-4d57-9b1a-0c5f4a7d9e21");
        let name = format!("s-{}", Marks::of(SECRET).mark(&version));
        let displaced = History {
            previous: Some(key(Some("1"), "v")),
            ..history()
        };
        check(&[("1", &name)], &history(), "1|||0");
        for cut in 1..=36 {
            let name = &name[..name.len() - cut];
            check(&[("1", name)], &history(), "|||1");
            check(&[("1", name)], &displaced, "||1|1");
        }
    }

    #[test]
    fn a_key_of_an_unknown_version_may_be_the_current_one_until_that_is_found() {
        let (lost, old, current) = (marked("lost"), marked("old"), marked("current"));
        let unread = History {
            unread: [version("lost")].into(),
            ..history()
        };
        check(&[("1", &lost), ("2", &old), ("3", "by hand")], &unread, "2||1|2");
        check(&[("1", &lost), ("2", &old), ("3", &current)], &unread, "1 2|||1");
    }

    #[test]
    fn the_document_knows_better_than_the_name() {
        let twin = marked("current");
        let known = History {
            current: key(Some("1"), "v"),
            ..history()
        };
        check(&[("1", "by hand"), ("2", &twin)], &known, "2|||1");
    }

    #[test]
    fn a_provider_whose_ids_are_the_values_tells_the_current_key_by_it() {
        let old = marked("old");
        check(&[("current-value", &old), ("2", &old)], &history(), "2|||1");
    }

    #[test]
    fn the_previous_key_is_revoked_unless_it_is_anothers_or_must_not_be() {
        let previous = |adopted| History {
            previous: Some(key(Some("2"), "v")),
            adopted,
            ..history()
        };
        check(&[("2", "by hand"), ("3", "by hand")], &previous(true), "2|||1");
        check(&[("2", "by hand")], &previous(false), "||2|1");
        let of_another = format!("x-{}", Marks::of("another").mark(&version("old")));
        check(&[("2", &of_another)], &previous(true), "||2|1");
    }

    #[test]
    fn an_id_that_was_left_beside_a_key_written_by_hand_says_nothing() {
        let stale = History {
            exclusive: true,
            current: key(Some("1"), "by hand"),
            previous: Some(key(Some("1"), "v")),
            ..history()
        };
        check(
            &[("1", ""), ("2", "")],
            &History {
                adopted: false,
                ..stale.clone()
            },
            "||1|2",
        );
        // Nor is it revoked: a typing error that was corrected leaves two versions with one id, and it is the key in use.
        check(&[("1", ""), ("2", "")], &stale, "||1|2");
        let unlisted = History {
            current: key(Some("9"), "v"),
            previous: None,
            ..stale
        };
        check(&[("1", ""), ("2", "")], &unlisted, "|||2");
    }

    #[test]
    fn an_exclusive_list_has_nobody_elses_keys() {
        let exclusive = |id| History {
            exclusive: true,
            current: key(id, "v"),
            ..history()
        };
        check(&[("1", ""), ("2", "")], &exclusive(Some("1")), "|2||1");
        check(&[("1", ""), ("2", "")], &exclusive(None), "|||2");
    }

    proptest! {
        /// Whatever the provider lists and the secret says, the key that is in use stays.
        #[test]
        fn the_current_key_is_never_revoked(
            names in proptest::collection::vec(0_usize..6, 1..8),
            at in any::<prop::sample::Index>(),
            how in 0_u8..5,
            exclusive: bool,
            adopted: bool,
            previous in proptest::option::of(0_usize..8),
        ) {
            let name = |n: &usize| match n {
                0 => marked("current"), 1 => marked("token"), 2 => marked("old"), 3 => marked("older"),
                4 => "somebody's".to_owned(), _ => format!("x-{}", Marks::of("another").mark(&version("old"))),
            };
            let mut keys: Vec<_> = names.iter().enumerate().map(|(id, n)| listed(&format!("id{id}"), &name(n))).collect();
            let current = at.index(keys.len());
            let mut history = History { exclusive, adopted, ..history() };
            history.previous = previous.filter(|id| how == 0 || *id != current).map(|id| key(Some(&format!("id{id}")), "older"));
            match how {
                // The document has the id.
                0 => history.current.id = Some(keys[current].id.clone()),
                // The id is the value.
                1 => history.current = key(None, &keys[current].id),
                // The name is the current version's.
                2 => keys[current].name = Some(marked("current")),
                // Nobody knows the value of the version that the name carries, and no other name says more.
                3 => {
                    for key in &mut keys {
                        if key.name == Some(marked("current")) {
                            key.name = Some(marked("old"));
                        }
                    }
                    keys[current].name = Some(marked("unread"));
                    history.unread.insert(version("unread"));
                }
                // The value was copied by hand from the version of the name.
                _ => {
                    keys[current].name = Some(marked("copied"));
                    history.copies.insert(version("copied"));
                }
            }
            let in_use = keys[current].clone();
            let survey = Survey::of(&keys, &history);
            prop_assert!(!survey.displaced.contains(&in_use) && !survey.orphans.contains(&in_use));
            prop_assert_eq!(survey.kept + survey.displaced.len() + survey.orphans.len(), keys.len());
        }
    }
}
