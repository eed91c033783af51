//! The small languages in which definitions of providers are written: base URLs, templates, JSON pointers, statuses, and
//! the JSON of answers. Nothing here knows what a definition consists of, or sends anything.

pub(crate) mod base;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod json;
pub(crate) mod near;
pub(crate) mod pointer;
pub(crate) mod status;
pub(crate) mod template;
