//! Can an application be locked out? One user (or one key), whose rotation fails for a cause that lasts: a test that says
//! no, or a label that may not be moved. Each variant of the protocol is checked with each set of faults.

mod faults;
mod giving_back;
mod outcome;
mod phase;
mod protocol;
mod search;
mod steps;
mod switching;
mod tests;
mod variant;
mod world;
