//! Answers that are believed for as long as the steps of one rotation take.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long an answer is believed: the four steps of a rotation, no longer. What is kept so are names of endpoints,
/// which change when a person renames something, never by a failover.
const FRESH: Duration = Duration::from_mins(5);
/// Answers that are kept at most.
const KEPT: usize = 64;

/// What was answered, by what was asked for.
#[derive(Debug)]
pub(crate) struct TtlCache<T>(Mutex<HashMap<String, (Instant, T)>>);

impl<T> Default for TtlCache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> TtlCache<T> {
    pub(crate) fn get(&self, key: &str) -> Option<T> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, answer) = known.get(key)?;
        (at.elapsed() < FRESH).then(|| answer.clone())
    }

    pub(crate) fn insert(&self, key: &str, answer: &T) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(key.to_owned(), (Instant::now(), answer.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_forgotten_after_a_while() {
        let cache = TtlCache::default();
        cache.insert("a", &1);
        assert_eq!((cache.get("a"), cache.get("b")), (Some(1), None));
        tokio::time::advance(FRESH).await;
        assert_eq!(cache.get("a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_grow_without_end() {
        let cache = TtlCache::default();
        for key in 0..1000 {
            cache.insert(&key.to_string(), &key);
        }
        assert!(cache.0.lock().unwrap().len() <= KEPT);
        assert_eq!(cache.get("999"), Some(999));
    }
}
