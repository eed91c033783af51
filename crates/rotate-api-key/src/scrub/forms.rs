//! The forms that a credential can have in a provider's words, beside those that can be read back.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::call::request::form_encoded;

// Bits of a character of Base64, and of a byte.
const SIX: usize = 6;
const EIGHT: usize = 8;
/// A shorter piece of Base64 says too little, and stands in too many words.
const SHORTEST: usize = 5;

/// The bytes of `secret`, and what they are in Base64 wherever they stand in what was encoded: behind a user name, say.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec()];
    let encoded = form_encoded(secret);
    for text in [secret, &encoded] {
        for before in 0..3 {
            forms.extend(core(text, before));
        }
    }
    forms
}

/// The characters of Base64 that depend on `text` alone if `before` bytes, of each three, stand before it.
fn core(text: &str, before: usize) -> Vec<Vec<u8>> {
    let mut padded = vec![0; before];
    padded.extend_from_slice(text.as_bytes());
    let first = (before * EIGHT).div_ceil(SIX);
    let end = padded.len() * EIGHT / SIX;
    let all = [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)];
    let cores = all.iter().filter_map(|all| all.as_bytes().get(first..end));
    cores
        .filter(|core| core.len() >= SHORTEST)
        .map(<[u8]>::to_vec)
        .collect()
}
