//! Whether a text has a password in it, in an encoding that can be recognised but not written again.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use secrecy::zeroize::Zeroizing;

/// A shorter password stands in other texts by accident.
const SHORTEST: usize = 8;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Whether `text` contains `password`: as it is, percent-encoded, behind backslashes, or in Base64 as a whole.
pub(super) fn contains(text: &str, password: &str) -> bool {
    if password.len() < SHORTEST {
        return false;
    }
    let has = |text: &str| text.contains(password);
    let unescaped = || Zeroizing::new(text.replace('\\', ""));
    let in_base64 = || {
        [STANDARD, URL_SAFE].iter().any(|alphabet| {
            let decoded = GeneralPurpose::new(alphabet, LENIENT).decode(text.trim());
            decoded.is_ok_and(|bytes| has(&String::from_utf8_lossy(&Zeroizing::new(bytes))))
        })
    };
    let decoded = || Zeroizing::new(percent_decode_str(text).decode_utf8_lossy().into_owned());
    has(text) || has(&decoded()) || has(&unescaped()) || in_base64()
}
