//! `keywheel status`: all secrets of an account and region, those that need a person first.
//! What is the matter with each is decided in `diagnosis`.

mod gather;
mod options;
mod page;
mod report;
mod run;

pub(crate) use options::Options;
pub(crate) use run::run;
