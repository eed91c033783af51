//! How keys change hands: for each class of providers, its part in the steps of a rotation. How a provider is asked for
//! something, and whether a key works, is known below.

pub mod chosen;
pub mod in_place;
pub mod overlap;
pub mod staged;
