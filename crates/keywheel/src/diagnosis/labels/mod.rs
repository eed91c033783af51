//! What the labels say of a rotation that has not finished: how far it got, the way out, and whether AWSCURRENT still works.
//! Whether a change of labels is safe is decided in `staging-labels`.

pub(super) mod abandoned;
pub(super) mod outlook;
pub(super) mod pending;
