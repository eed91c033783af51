//! The small languages in which definitions of providers are written: base URLs, templates, JSON pointers, statuses, and
//! the JSON of answers. Nothing here knows what a definition consists of, or sends anything.

pub mod base;
pub mod json;
pub mod pointer;
pub mod status;
pub mod template;
