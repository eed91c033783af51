//! What can be the matter with the function itself: its state, who may invoke it, how often at once, and what its role may do.

pub(super) mod permission;
pub(super) mod state;
