//! Percent-encoding, of everything but the unreserved characters of RFC 3986 (section 2.3).
//!
//! One set serves a path's segment, a query and a form: a form may write a space as `%20` as well as `+`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded: all but letters, digits, `-`, `.`, `_` and `~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The text as one segment of a path, or as a name or a value of a query or a form.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Names and values as a query or a form has them: `name=value&name=value`.
pub fn form<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let mut form = String::new();
    for (name, value) in pairs {
        if !form.is_empty() {
            form.push('&');
        }
        form.extend(utf8_percent_encode(name.as_ref(), RESERVED));
        form.push('=');
        form.extend(utf8_percent_encode(value.as_ref(), RESERVED));
    }
    form
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> String {
        percent_decode_str(text).decode_utf8().unwrap().into_owned()
    }

    #[test]
    fn unreserved_characters_stay() {
        assert_eq!(encoded("keywheel_admin-1.x~"), "keywheel_admin-1.x~");
        assert_eq!(encoded("a&b=c d@ü"), "a%26b%3Dc%20d%40%C3%BC");
        assert_eq!(encoded("%2F+"), "%252F%2B");
        assert_eq!(encoded(""), "");
    }

    #[test]
    fn a_form_joins_names_and_values() {
        assert_eq!(
            form([("Action", "A"), ("UserName", "a+b=c@d")]),
            "Action=A&UserName=a%2Bb%3Dc%40d"
        );
        assert_eq!(form([("a&b", String::new())]), "a%26b=");
        assert_eq!(form::<&str, &str>([]), "");
    }

    proptest! {
        #[test]
        fn any_text_can_be_read_back_and_changes_nothing_around_it(text in any::<String>()) {
            let encoded = encoded(&text);
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)), "{}", encoded);
            prop_assert_eq!(decoded(&encoded), text);
        }

        #[test]
        fn any_form_can_be_read_back(pairs in prop::collection::vec((any::<String>(), any::<String>()), 1..5)) {
            let form = form(pairs.iter().map(|(name, value)| (name, value)));
            let read: Vec<_> = form
                .split('&')
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect();
            prop_assert_eq!(read, pairs);
        }
    }
}
