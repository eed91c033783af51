//! Where AWSCURRENT may move before the commit, and why not. Pure.
//!
//! The switch rests on one thing: what ALTER ROLE writes decides the next login. If LDAP, PAM or IAM decides it, or a pooler with a
//! list of passwords of its own, AWSCURRENT would move to a password that is refused.

use std::time::Duration;

use rotation::LEAST_TIME;

use crate::server::seen::Seen;
use crate::server::session::Identity;

/// Why AWSCURRENT moves in finishSecret after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Classic {
    NotThePasswordOfTheServer,
    AnotherProcess,
    TooLate,
}

impl Classic {
    /// For the log.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::NotThePasswordOfTheServer => {
                "the server did not ask for the password by SCRAM or MD5, so its own list of passwords may not decide the login"
            }
            Self::AnotherProcess => {
                "a pooler is in the way: the process that let the function in is not the one that answers"
            }
            Self::TooLate => "too little of the function's time is left to hold the change open (10 s)",
        }
    }
}

/// Whether the process that let us in is another one than the one that answers.
pub(super) fn is_behind_a_pooler(seen: &Seen, identity: &Identity) -> bool {
    !seen.is_served_by(identity.backend)
}

/// Judges a session of the role.
pub(super) fn look(seen: &Seen, identity: &Identity, remaining: Duration) -> Result<(), Classic> {
    if !seen.is_checked_by_the_server() {
        Err(Classic::NotThePasswordOfTheServer)
    } else if is_behind_a_pooler(seen, identity) {
        Err(Classic::AnotherProcess)
    } else if remaining < LEAST_TIME {
        Err(Classic::TooLate)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_is_needed() {
        let identity = Identity {
            session_user: "app".to_owned(),
            standby: false,
            version: 180_004,
            scram_iterations: None,
            backend: 7,
        };
        let look = |code: u32, process: u32, seconds: u64| {
            let seen = Seen::default();
            seen.asked(code);
            seen.served_by(process);
            look(&seen, &identity, Duration::from_secs(seconds))
        };
        for code in [5, 10] {
            assert_eq!(look(code, 7, 10), Ok(()));
        }
        assert_eq!(look(3, 7, 30), Err(Classic::NotThePasswordOfTheServer));
        assert_eq!(look(0, 7, 30), Err(Classic::NotThePasswordOfTheServer));
        assert_eq!(look(10, 8, 30), Err(Classic::AnotherProcess));
        assert_eq!(look(10, 7, 9), Err(Classic::TooLate));
    }
}
