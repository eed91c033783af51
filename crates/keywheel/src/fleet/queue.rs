//! In which order rotations begin, and how many run at once. Pure.

use std::collections::{BTreeMap, VecDeque};

/// Rotations that wait, and what runs.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: VecDeque<(T, Option<String>)>,
    running: usize,
    of_database: BTreeMap<String, usize>,
    limits: Limits,
    failures: usize,
    stopped: bool,
}

/// How many at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of all.
    pub(super) at_once: usize,
    /// Of one database.
    pub(super) per_database: usize,
    /// After so many failures, nothing new begins.
    pub(super) failures: usize,
}

impl<T> Queue<T> {
    /// Each with its database, if that is known.
    pub(super) fn new(all: Vec<(T, Option<String>)>, limits: Limits) -> Self {
        Self {
            waiting: all.into(),
            running: 0,
            of_database: BTreeMap::new(),
            limits,
            failures: 0,
            stopped: false,
        }
    }

    /// The next one that may begin now.
    pub(super) fn begin(&mut self) -> Option<(T, Option<String>)> {
        if self.stopped || self.running >= self.limits.at_once {
            return None;
        }
        let may_begin = |(_, database): &(T, Option<String>)| {
            let running = |database| self.of_database.get(database).copied().unwrap_or_default();
            database
                .as_ref()
                .is_none_or(|database| running(database) < self.limits.per_database)
        };
        let next = self.waiting.iter().position(may_begin)?;
        let next = self.waiting.remove(next)?;
        self.running += 1;
        if let Some(database) = &next.1 {
            *self.of_database.entry(database.clone()).or_default() += 1;
        }
        Some(next)
    }

    /// One has ended.
    pub(super) fn ended(&mut self, database: Option<&str>, well: bool) {
        self.running -= 1;
        if let Some(running) = database.and_then(|database| self.of_database.get_mut(database)) {
            *running -= 1;
        }
        self.failures += usize::from(!well);
        if self.failures >= self.limits.failures {
            self.stop();
        }
    }

    /// How many have not begun.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Nothing new begins.
    pub(super) const fn stop(&mut self) {
        self.stopped = true;
    }

    /// What has not begun.
    pub(super) fn left(self) -> impl Iterator<Item = T> {
        self.waiting.into_iter().map(|(one, _)| one)
    }
}

/// `3`, or `10%` of `all`, at least 1.
pub(super) fn failures(text: &str, all: usize) -> Option<usize> {
    let number = match text.strip_suffix('%') {
        Some(percent) => {
            let percent: usize = percent.parse().ok().filter(|percent| *percent <= 100)?;
            (all * percent).div_ceil(100)
        }
        None => text.parse().ok()?,
    };
    Some(number.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(limits: Limits) -> Queue<u8> {
        let at = |name: &str| Some(name.to_owned());
        Queue::new(
            vec![(1, at("a")), (2, at("a")), (3, at("b")), (4, None), (5, None)],
            limits,
        )
    }

    fn begun(queue: &mut Queue<u8>) -> Vec<u8> {
        std::iter::from_fn(|| queue.begin()).map(|(one, _)| one).collect()
    }

    #[test]
    fn a_database_has_a_limit_of_its_own_and_does_not_hold_up_the_others() {
        let mut queue = queue(Limits {
            at_once: 3,
            per_database: 1,
            failures: 9,
        });
        assert_eq!(begun(&mut queue), [1, 3, 4]);
        queue.ended(Some("b"), true);
        assert_eq!(begun(&mut queue), [5], "2 waits for 1");
        queue.ended(Some("a"), true);
        assert_eq!(begun(&mut queue), [2]);
        assert_eq!(queue.left().count(), 0);
    }

    #[test]
    fn nothing_begins_after_too_many_failures() {
        let mut queue = queue(Limits {
            at_once: 1,
            per_database: 1,
            failures: 2,
        });
        assert_eq!(begun(&mut queue), [1]);
        queue.ended(Some("a"), false);
        assert_eq!(begun(&mut queue), [2]);
        queue.ended(Some("a"), false);
        assert_eq!(begun(&mut queue), [0; 0]);
        assert_eq!(queue.left().collect::<Vec<_>>(), [3, 4, 5]);
    }

    #[test]
    fn a_number_or_a_share_of_failures() {
        assert_eq!(failures("3", 50), Some(3));
        assert_eq!(failures("10%", 50), Some(5));
        assert_eq!(failures("10%", 3), Some(1));
        assert_eq!(failures("0", 3), Some(1));
        for wrong in ["", "%", "101%", "-1", "many"] {
            assert_eq!(failures(wrong, 3), None, "{wrong}");
        }
    }
}
