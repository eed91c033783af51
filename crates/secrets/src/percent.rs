//! Percent-encoding as libpq and the common drivers read it.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::zeroize::Zeroizing;

use crate::error::UrlProblem;

/// All but the unreserved characters of RFC 3986. More than libpq needs, but some drivers also treat
/// `+`, `:`, `!` or `'` in their own ways; encoded, every one of them reads the same.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encodes `plain`, without leaving copies behind.
pub(crate) fn encode(plain: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(plain.len() * 3));
    encoded.extend(utf8_percent_encode(plain, ENCODED));
    encoded
}

/// Decodes `encoded`, which is the URL's `part`. A `+` stays a `+`, as it does for libpq.
pub(crate) fn decode<'e>(part: &'static str, encoded: &'e str) -> Result<Cow<'e, str>, UrlProblem> {
    let hexadecimal = |after: &str| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let well_formed = encoded.split('%').skip(1).all(hexadecimal);
    if !well_formed {
        return Err(UrlProblem::PercentEncoding { part });
    }
    percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| UrlProblem::NotUtf8 { part })
}
