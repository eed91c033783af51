//! `keywheel local`: a Secrets Manager on this machine, with the functions, a throwaway database and a secret to rotate. Ctrl-C ends
//! all of it and leaves nothing behind.

mod database;
mod functions;
mod serve;

pub(crate) use serve::{Options, run};
