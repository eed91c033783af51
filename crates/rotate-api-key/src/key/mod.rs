//! A key as rotations handle it: its value, if it is known, and what the provider calls it; and the mark in its name. How a
//! key is made, listed or checked is known above.

pub(crate) mod mark;
mod state;

pub use mark::Marks;
pub(crate) use state::State;

use std::collections::BTreeMap;
use std::fmt;

use rotation::password::Password;

/// A key of a provider.
#[derive(Clone, Default)]
pub(crate) struct Key {
    /// The credential, if it is known: a list seldom tells it.
    pub(crate) value: Option<Password>,
    /// The provider's id.
    pub(crate) id: Option<String>,
    /// The name it was given.
    pub(crate) name: Option<String>,
    /// What else the secret keeps of it, by member.
    pub(crate) written: BTreeMap<String, String>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An id may be the credential itself.
        f.debug_struct("Key").finish_non_exhaustive()
    }
}
