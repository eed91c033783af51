//! What a function's log says about rotations: Keywheel's lines, those of AWS's templates, and Lambda's own.
//!
//! Only what is understood is kept: a line of a foreign function may hold anything, and is never shown.

mod denied;
mod entry;
mod keywheel;
mod platform;
mod read;
mod templates;

pub(crate) use denied::{Denied, in_few_words};
pub(crate) use entry::{Did, End, Entry, Event};
pub(crate) use platform::NOT_STARTED;
pub(crate) use read::read;
pub(crate) use templates::NO_SECRET_NAMED;
