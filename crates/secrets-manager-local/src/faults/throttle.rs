//! The account's quotas a second (fact 16), off unless asked for.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::api::Quota;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Counts the calls of the last second against a limit for each quota.
#[derive(Debug, Clone, Default)]
pub(crate) struct Throttle {
    limits: BTreeMap<Quota, usize>,
    admitted: BTreeMap<Quota, VecDeque<Timestamp>>,
}

impl Throttle {
    /// Limits what has a number here.
    pub(crate) fn new(limits: BTreeMap<Quota, usize>) -> Self {
        Self {
            limits,
            admitted: BTreeMap::new(),
        }
    }

    /// Whether one more call fits into the second that ends `now`.
    pub(crate) fn admit(&mut self, quota: Quota, now: Timestamp) -> bool {
        let Some(limit) = self.limits.get(&quota) else {
            return true;
        };
        let admitted = self.admitted.entry(quota).or_default();
        while admitted
            .front()
            .is_some_and(|at| now.duration_since(*at) >= SECOND)
        {
            admitted.pop_front();
        }
        let fits = admitted.len() < *limit;
        if fits {
            admitted.push_back(now);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn fact_16_the_fifty_first_write_within_a_second_is_throttled() {
        let mut throttle = Throttle::new(BTreeMap::from([(Quota::Writes, 50)]));
        assert!((0..50).all(|n| throttle.admit(Quota::Writes, at(n * 10))));
        assert!(!throttle.admit(Quota::Writes, at(999)));
        assert!(throttle.admit(Quota::Writes, at(1000)));
        assert!(!throttle.admit(Quota::Writes, at(1005)));
    }

    #[test]
    fn fact_16_writes_values_and_descriptions_have_quotas_of_their_own() {
        let quotas = [Quota::Writes, Quota::Values, Quota::Descriptions];
        for limited in quotas {
            let mut throttle = Throttle::new(BTreeMap::from([(limited, 0)]));
            for quota in quotas {
                assert_eq!(throttle.admit(quota, at(0)), quota != limited);
            }
        }
    }
}
