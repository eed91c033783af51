//! The roles that were assumed: which access key id stands for which session.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::sync::lock;

/// Sessions kept; older ones are forgotten.
const KEPT: usize = 1_000;

/// The sessions, oldest first: the access key id, and the ARN of who has it.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<VecDeque<(String, String)>>);

impl Sessions {
    /// Notes a new one.
    pub(crate) fn open(&self, access_key_id: String, arn: String) {
        let mut sessions = lock(&self.0);
        if sessions.len() == KEPT {
            sessions.pop_front();
        }
        sessions.push_back((access_key_id, arn));
    }

    /// The ARN of who has this access key id.
    pub(crate) fn arn(&self, access_key_id: &str) -> Option<String> {
        let sessions = lock(&self.0);
        let found = sessions.iter().find(|(key, _)| key == access_key_id);
        found.map(|(_, arn)| arn.clone())
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let sessions = Sessions::default();
        for n in 0..=KEPT {
            sessions.open(format!("KEY{n}"), format!("arn:{n}"));
        }
        assert_eq!(sessions.arn("KEY0"), None);
        assert_eq!(sessions.arn("KEY1").as_deref(), Some("arn:1"));
        assert_eq!(lock(&sessions.0).len(), KEPT);
    }
}
