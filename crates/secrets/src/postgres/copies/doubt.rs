//! What may be a copy of the credential, and is not changed.

use std::fmt;

/// Why a member was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    OtherHost,
    HostNotKnown,
    OtherUser,
    OtherPassword,
    Contained,
    NotAsked,
    CannotHold,
}

/// A member that has something of the credential and that a rotation leaves as it is. Its `Display` names the member, never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub(super) member: String,
    pub(super) reason: Reason,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.member)?;
        f.write_str(match self.reason {
            Reason::OtherHost => "has the user's password for another host or port",
            Reason::HostNotKnown => {
                "has the user's password and a host, and the secret's own host is not known"
            }
            Reason::OtherUser => "has another user name beside it or in it",
            Reason::OtherPassword => {
                "has another password for the same user, or the password in an unknown encoding"
            }
            Reason::Contained => "contains the password, in a form that is not known",
            Reason::NotAsked => "is a copy of the credential",
            Reason::CannotHold => "is a .pgpass line, which cannot hold a line break",
        })
    }
}
