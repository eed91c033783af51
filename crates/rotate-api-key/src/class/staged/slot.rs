//! Which of a provider's two values AWSCURRENT's is, as far as the secret's history shows: pure.

use std::time::SystemTime;

use rotation::password::Password;

/// The place of AWSCURRENT's value at a provider that has a first and a second one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The first. A second one may be removed.
    First,
    /// The second, whose promotion is outstanding.
    Second,
    /// Nothing shows it: the secret never had another value.
    Unclear,
}

/// A value that the secret has, or had.
#[derive(Clone)]
pub(crate) struct PastValue {
    /// The key.
    pub(crate) key: Password,
    /// When its version was made.
    pub(crate) made: Option<SystemTime>,
}

/// The other values of which one may live: those that came after the current one, and the last before it. In that order,
/// the youngest first.
pub(crate) fn rivals<'v>(current: &Password, values: &'v [PastValue]) -> Vec<&'v Password> {
    let mut others: Vec<&Password> = Vec::new();
    for value in values.iter().filter(|value| value.key != *current) {
        if !others.contains(&&value.key) {
            others.push(&value.key);
        }
    }
    others.sort_by_key(|other| std::cmp::Reverse(first_made(other, values)));
    let after = others
        .iter()
        .filter(|other| first_made(other, values) > first_made(current, values))
        .count();
    others.truncate(after + 1);
    others
}

/// The current value's place, by the first of its rivals that lives.
///
/// A promotion ends the first value, and nothing is staged while there is a second one. So of two values that live the older
/// one is the first; and a value that displaced one that is dead was promoted, if it was a rotation that brought it
/// (`rotated` is when one last succeeded): by hand one writes the second value over what never was a key, too.
pub(crate) fn of(
    current: &Password,
    lives: Option<&Password>,
    values: &[PastValue],
    rotated: Option<SystemTime>,
) -> Slot {
    let Some(rival) = lives else {
        let by_rotation = first_made(current, values)
            .zip(rotated)
            .is_some_and(|(made, rotated)| made <= rotated);
        return if by_rotation && values.iter().any(|value| value.key != *current) {
            Slot::First
        } else {
            Slot::Unclear
        };
    };
    match (first_made(current, values), first_made(rival, values)) {
        (Some(current), Some(rival)) if current > rival => Slot::Second,
        (Some(current), Some(rival)) if current < rival => Slot::First,
        _ => Slot::Unclear,
    }
}

/// When a value was stored first: a copy of it by hand makes it no younger.
fn first_made(key: &Password, values: &[PastValue]) -> Option<SystemTime> {
    let made = values.iter().filter(|value| value.key == *key);
    made.map(|value| value.made).min().flatten()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The slot of the first of `values`, given as key and second, if of the others `lives` does.
    #[track_caller]
    fn check(values: &[(&str, u64)], lives: &str, expected: (&[&str], Slot)) {
        let values: Vec<_> = values
            .iter()
            .map(|(key, second)| PastValue {
                key: Password::from((*key).to_owned()),
                made: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(*second)),
            })
            .collect();
        let current = values[0].key.clone();
        let rivals = rivals(&current, &values);
        let asked: Vec<_> = expected
            .0
            .iter()
            .map(|key| Password::from((*key).to_owned()))
            .collect();
        assert_eq!(rivals, asked.iter().collect::<Vec<_>>(), "who is asked");
        let lives = Password::from(lives.to_owned());
        let lives = rivals.into_iter().find(|rival| **rival == lives);
        let rotated = SystemTime::UNIX_EPOCH + Duration::from_secs(9);
        assert_eq!(of(&current, lives, &values, Some(rotated)), expected.1);
    }

    #[test]
    fn a_value_that_displaced_a_dead_one_is_the_first() {
        check(&[("b", 2), ("a", 1)], "", (&["a"], Slot::First));
        check(&[("c", 3), ("b", 2), ("a", 1)], "", (&["b"], Slot::First));
    }

    #[test]
    fn a_value_beside_an_older_one_that_lives_is_the_second() {
        check(&[("b", 2), ("a", 1)], "a", (&["a"], Slot::Second));
        // Its value was written again by hand.
        check(&[("b", 3), ("b", 2), ("a", 1)], "a", (&["a"], Slot::Second));
    }

    #[test]
    fn a_value_beside_a_younger_one_that_lives_is_the_first() {
        // Somebody went back to it, by moving the label, or by writing its value again; or a rotation was cancelled.
        check(&[("a", 1), ("b", 2)], "b", (&["b"], Slot::First));
        check(&[("a", 3), ("b", 2), ("a", 1)], "b", (&["b"], Slot::First));
        check(&[("b", 2), ("c", 3), ("a", 1)], "c", (&["c", "a"], Slot::First));
    }

    #[test]
    fn a_value_that_was_always_alone_shows_nothing() {
        check(&[("a", 1)], "", (&[], Slot::Unclear));
        check(&[("a", 2), ("a", 1)], "", (&[], Slot::Unclear));
    }

    #[test]
    fn a_value_that_came_by_hand_shows_nothing_beside_dead_ones() {
        let value = |key: &str, second| PastValue {
            key: Password::from(key.to_owned()),
            made: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(second)),
        };
        let values = [value("b", 5), value("placeholder", 1)];
        for (rotated, slot) in [
            (None, Slot::Unclear),
            (Some(4), Slot::Unclear),
            (Some(5), Slot::First),
        ] {
            let rotated = rotated.map(|second| SystemTime::UNIX_EPOCH + Duration::from_secs(second));
            assert_eq!(of(&values[0].key, None, &values, rotated), slot, "{rotated:?}");
        }
    }

    #[test]
    fn without_dates_nothing_is_shown() {
        let value = |key: &str| PastValue {
            key: Password::from(key.to_owned()),
            made: None,
        };
        let values = [value("b"), value("a")];
        let slot = |lives| of(&values[0].key, lives, &values, Some(SystemTime::UNIX_EPOCH));
        assert_eq!(slot(Some(&values[1].key)), Slot::Unclear);
        assert_eq!(slot(None), Slot::Unclear);
    }
}
