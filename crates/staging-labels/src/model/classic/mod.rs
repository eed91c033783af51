//! The order of AWS's templates, for one user and for alternating users: no password is lost, and every rotation recovers.
//! Causes that last, and ways out of them, are in `lockout`.

mod protocol;
mod world;
