//! The document as text: its size, and parts of it exchanged for others.

use std::ops::Range;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::error::{DocumentError, MAX_BYTES};

/// Refuses a text that Secrets Manager could not hold.
pub(crate) fn check_size(bytes: usize) -> Result<(), DocumentError> {
    if bytes > MAX_BYTES {
        Err(DocumentError::TooLarge { bytes })
    } else {
        Ok(())
    }
}

/// Where `part`, a slice of `whole`, stands in it.
///
/// Only for slices that were taken out of `whole`; the addresses are compared, nothing is read.
pub(crate) fn span_of(part: &str, whole: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

/// The text with the bytes of `span` replaced, and all others as they were.
pub(crate) fn splice(
    text: &str,
    span: Range<usize>,
    replacement: &str,
) -> Result<SecretString, DocumentError> {
    splice_all(text, vec![(span, replacement)])
}

/// The text with the bytes of each span replaced, and all others as they were. The spans lie apart.
pub(crate) fn splice_all<R: AsRef<str>>(
    text: &str,
    mut edits: Vec<(Range<usize>, R)>,
) -> Result<SecretString, DocumentError> {
    edits.sort_by_key(|(span, _)| span.start);
    let written: usize = edits.iter().map(|(_, new)| new.as_ref().len()).sum();
    let bytes = text.len() + written - edits.iter().map(|(span, _)| span.len()).sum::<usize>();
    check_size(bytes)?;
    // The exact capacity: no copy is left behind by growing, or by boxing at the end.
    let mut spliced = Zeroizing::new(String::with_capacity(bytes));
    let mut at = 0;
    for (span, new) in &edits {
        spliced.push_str(&text[at..span.start]);
        spliced.push_str(new.as_ref());
        at = span.end;
    }
    spliced.push_str(&text[at..]);
    Ok(SecretString::from(std::mem::take(&mut *spliced)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_found_where_it_was_taken_from() {
        let whole = "aXaXa";
        assert_eq!(span_of(&whole[3..4], whole), 3..4);
        assert_eq!(span_of(&whole[5..], whole), 5..5);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test looks at what it put in")]
    fn splicing_changes_the_span_only() {
        use secrecy::ExposeSecret;
        let spliced = splice("one two three", 4..7, "zwei").unwrap();
        assert_eq!(spliced.expose_secret(), "one zwei three");
    }

    #[test]
    fn the_limit_is_met_but_not_passed() {
        let text = "x".repeat(MAX_BYTES - 1);
        assert!(splice(&text, 0..0, "y").is_ok());
        assert_eq!(
            splice(&text, 0..1, "yyy").unwrap_err(),
            DocumentError::TooLarge { bytes: MAX_BYTES + 1 }
        );
    }
}
