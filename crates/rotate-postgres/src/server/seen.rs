//! What a login shows of the server: how it asked for the password, and which process answers.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Codes of authentication messages (PostgreSQL, "Message Formats").
const MD5: u32 = 5;
const SASL: u32 = 10;

/// Written while the login goes on, read after it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The code of the first request for a credential; 0 if there was none.
    asked: AtomicU32,
    /// The process id of `BackendKeyData`; 0 if there was none.
    process: AtomicU32,
    /// The salt of a SCRAM login.
    salt: OnceLock<Vec<u8>>,
}

impl Seen {
    /// The server asks for a credential.
    pub(crate) fn asked(&self, code: u32) {
        let _ = self
            .asked
            .compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The server names the process that serves this connection.
    pub(crate) fn served_by(&self, process: u32) {
        self.process.store(process, Ordering::Relaxed);
    }

    /// The server's first message of a SCRAM exchange (RFC 5802): `r=…,s=SALT,i=…`.
    pub(crate) fn challenged(&self, message: &[u8]) {
        let mut attributes = message.split(|&byte| byte == b',');
        if let Some(salt) = attributes.find_map(|attribute| attribute.strip_prefix(b"s=")) {
            let _ = self.salt.set(salt.to_vec());
        }
    }

    /// The salt of a SCRAM login. A server has one for each stored verifier. One that makes up another for each login has no verifier,
    /// but the password.
    pub(crate) fn salt(&self) -> Option<&[u8]> {
        self.salt.get().map(Vec::as_slice)
    }

    /// Whether the server compared the password with the one that it stores itself. For any other request (clear text, for LDAP,
    /// PAM, RADIUS or IAM) somebody else may decide, and with none nobody looks at a password.
    pub(crate) fn is_checked_by_the_server(&self) -> bool {
        matches!(self.asked.load(Ordering::Relaxed), MD5 | SASL)
    }

    /// Whether the server asked for an MD5 hash: it does only if it stores one.
    pub(crate) fn asked_for_md5(&self) -> bool {
        self.asked.load(Ordering::Relaxed) == MD5
    }

    /// Whether the server asked for any credential. One that did not lets everybody in, or is none.
    pub(crate) fn asked_for_a_credential(&self) -> bool {
        self.asked.load(Ordering::Relaxed) != 0
    }

    /// Whether both sides proved that they know the password: the driver ends a SCRAM exchange that the server does not finish.
    pub(crate) fn is_mutual(&self) -> bool {
        self.asked.load(Ordering::Relaxed) == SASL
    }

    /// Whether the process that let us in is the one that answers questions, which says of itself that it is `backend`. A
    /// pooler has keys of its own.
    pub(crate) fn is_served_by(&self, backend: u32) -> bool {
        self.process.load(Ordering::Relaxed) == backend
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_counts() {
        for (codes, expected) in [
            (&[10, 11, 12][..], true),
            (&[5], true),
            (&[3], false),
            (&[7, 10], false),
            (&[], false),
        ] {
            let seen = Seen::default();
            for &code in codes {
                seen.asked(code);
            }
            assert_eq!(seen.is_checked_by_the_server(), expected, "{codes:?}");
        }
    }

    #[test]
    fn a_salt_is_read_out_of_a_challenge() {
        let seen = Seen::default();
        seen.challenged(b"r=s=no");
        assert_eq!(seen.salt(), None);
        seen.challenged(b"r=abc,s=c2FsdA==,i=4096");
        assert_eq!(seen.salt(), Some(&b"c2FsdA=="[..]));
    }

    #[test]
    fn a_poolers_process_is_another_one() {
        let seen = Seen::default();
        assert!(!seen.is_served_by(4711));
        seen.served_by(4711);
        assert!(seen.is_served_by(4711) && !seen.is_served_by(4712));
    }
}
