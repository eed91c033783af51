//! Text in Base64, read and written in the alphabet and with the padding that it has.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::zeroize::{Zeroize, Zeroizing};

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spelling {
    is_url_safe: bool,
    is_padded: bool,
}

impl Spelling {
    fn of(written: &str) -> Self {
        Self {
            is_url_safe: written.contains(['-', '_']),
            is_padded: written.len().is_multiple_of(4),
        }
    }

    fn engine(self) -> GeneralPurpose {
        let alphabet = if self.is_url_safe { &URL_SAFE } else { &STANDARD };
        let padding = if self.is_padded {
            DecodePaddingMode::RequireCanonical
        } else {
            DecodePaddingMode::RequireNone
        };
        let config = GeneralPurposeConfig::new()
            .with_encode_padding(self.is_padded)
            .with_decode_padding_mode(padding);
        GeneralPurpose::new(alphabet, config)
    }
}

/// The text; none if it is not the Base64 of one, in one spelling throughout.
pub(super) fn decode(written: &str) -> Option<Zeroizing<String>> {
    let bytes = Spelling::of(written).engine().decode(written).ok()?;
    match String::from_utf8(bytes) {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}

/// `text`, spelt as `like` is.
pub(super) fn encode(text: &str, like: &str) -> Zeroizing<String> {
    Zeroizing::new(Spelling::of(like).engine().encode(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_spelling_is_kept() {
        for (written, text, next) in [
            ("c2VjcmV0", "secret", "w7xiZXI+Pz8="),
            ("c2VjcmV0MQ==", "secret1", "w7xiZXI+Pz8="),
            ("c2VjcmV0MQ", "secret1", "w7xiZXI+Pz8"),
            ("w7w_", "ü?", "w7xiZXI-Pz8="),
        ] {
            assert_eq!(
                decode(written).as_deref().map(String::as_str),
                Some(text),
                "{written}"
            );
            assert_eq!(*encode("über>??", written), next, "{written}");
        }
    }

    #[test]
    fn what_is_no_base64_of_a_text_is_none() {
        for written in [
            "secret-password!",
            "c2VjcmV0\n",
            " c2VjcmV0",
            "//79",
            "c2Vj=mV0",
            "a",
            "w7w_w7w/",
        ] {
            assert!(decode(written).is_none(), "{written}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(old in "\\PC{1,40}", new in "\\PC{1,40}", url_safe: bool, padded: bool) {
            let spelling = Spelling { is_url_safe: url_safe, is_padded: padded };
            let written = spelling.engine().encode(&old);
            prop_assume!(decode(&written).is_some());
            let again = encode(&new, &written);
            prop_assert_eq!(decode(&again).map(|text| text.to_string()), Some(new));
        }
    }
}
