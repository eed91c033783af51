//! A value of a document that is not a credential, made safe for an error's text.

use std::fmt;

/// More of a value tells nothing more, and would fill a log line.
const MAX_CHARS: usize = 80;

/// Shows a value in quotes, escaped so that it cannot forge a log line, and cut to a sensible length.
pub(crate) struct Shown<'v>(pub(crate) &'v str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(MAX_CHARS) {
            None => write!(f, "{:?}", self.0),
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_escaped_and_cut() {
        assert_eq!(Shown("mysql").to_string(), r#""mysql""#);
        assert_eq!(Shown("a\nb").to_string(), r#""a\nb""#);
        assert_eq!(
            Shown(&"ü".repeat(80)).to_string(),
            format!("{:?}", "ü".repeat(80))
        );
        assert_eq!(
            Shown(&"ü".repeat(81)).to_string(),
            format!("{:?}…", "ü".repeat(80))
        );
    }
}
