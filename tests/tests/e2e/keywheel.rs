//! `keywheel`, the operator's command line: incidents are staged, and what it prints leads out of them.

mod abandoned;
mod after_set;
mod desk;
mod fleet;
mod local;
mod many;
mod not_begun;
mod offline;
mod provider;
mod rotating;
mod stopped;
