//! What can be the matter with the function itself: its state, who may invoke it, how often at once, what its role may do, and whether
//! its network has a way out.

pub(super) mod network;
pub(super) mod permission;
pub(super) mod policy;
pub(super) mod state;
