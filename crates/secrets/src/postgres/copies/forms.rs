//! All forms of a copy, read and written.

use secrecy::zeroize::Zeroizing;

use super::connection::{Connection, Writing};
use super::rules::Known;
use super::{conninfo, pgpass, url};
use crate::percent;

/// Reads a text in each form that is known; one connection for each line of a `.pgpass` file. Empty if it is none of them.
pub(super) fn read(text: &str, known: &Known<'_>) -> Vec<Connection> {
    let one = url::read(text, known).or_else(|| conninfo::read(text));
    match one {
        Some(connection) => vec![connection],
        None => pgpass::read(text).unwrap_or_default(),
    }
}

/// The value as it is to be written; none if this form cannot hold it.
pub(super) fn write(value: &str, writing: Writing) -> Option<Zeroizing<String>> {
    match writing {
        Writing::Plain => Some(Zeroizing::new(value.to_owned())),
        Writing::Percent => Some(percent::encode(value)),
        Writing::Conninfo { quoted } => Some(conninfo::write(value, quoted)),
        Writing::Pgpass => pgpass::write(value),
    }
}
