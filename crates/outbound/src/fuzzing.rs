//! What holds for every certificate bundle and for all words of a server, as functions of arbitrary bytes. The targets in
//! `fuzz/` call them, and so does a test, with the committed corpus. They are not in a build for Lambda.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use crate::percent::encoded;
use crate::scrub::Scrub;
use crate::trust::Bundle;

const CANARY: &str = "c4n4ryQz7WvXp2Lk";
/// Characters from which on a credential is hidden in every spelling.
const SPELLED: usize = 4;

/// A bundle that is read is read again as the same one, also when its line breaks are lost. An error quotes no content.
///
/// # Panics
/// If that does not hold.
pub fn pem(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    if !(input.contains("-----") && input.contains("BEGIN")) {
        // It would be the path of a file.
        return;
    }
    if let Ok(bundle) = Bundle::read(&input) {
        let checked = bundle.into_pem();
        for text in [
            checked.clone(),
            checked.replace('\n', "\\n"),
            checked.replace('\n', " "),
            checked.replace('\n', ""),
        ] {
            let again = Bundle::read(&text).expect("it was read before");
            assert_eq!(again.into_pem(), checked);
        }
    }
    let lines: Vec<_> = input.lines().collect();
    for at in [0, lines.len() / 2, lines.len()] {
        let mut lines = lines.clone();
        lines.insert(at, CANARY);
        match Bundle::read(&lines.join("\n")) {
            Ok(bundle) => assert!(!bundle.into_pem().contains("PRIVATE KEY")),
            Err(error) => assert!(!format!("{error} {error:?}").contains(CANARY), "{error}"),
        }
    }
}

/// Words that repeat a credential, in any spelling, are passed on without it. An input has up to three parts, with a line
/// `----` between them: the credential, and the words before and behind it.
///
/// # Panics
/// If that does not hold.
pub fn scrub(data: &[u8]) {
    let input = String::from_utf8_lossy(data);
    let (secret, words) = input.split_once("\n----\n").unwrap_or((CANARY, &input));
    let (before, behind) = words.split_once("\n----\n").unwrap_or((words, ""));
    // Longer words are cut, and with them perhaps the credential.
    if input.len() > 1000 || secret.is_empty() {
        return;
    }
    let known = SecretString::from(secret);
    let scrub = Scrub::new([&known]);
    if secret.chars().count() < SPELLED {
        return short(&scrub, &format!("{before}{secret}{behind}"));
    }
    for spelling in spellings(secret) {
        let text = format!("{before} {spelling} {behind}");
        for shown in [scrub.known(&text), scrub.clean(&text)] {
            check(&shown, secret, &spelling);
        }
    }
    let touching = format!("{before}{secret}{behind}");
    check(&scrub.known(&touching), secret, secret);
    check(&scrub.clean(&touching), secret, secret);
    assert!(scrub.clean(&touching).chars().count() <= 201);
    check(&scrub.host(&touching), secret, secret);
}

/// What is shown says nothing of which very short credential is known.
fn short(scrub: &Scrub<'_>, text: &str) {
    let another = SecretString::from("?");
    let shown = scrub.known(text);
    assert_eq!(shown, Scrub::new([&another]).known(text));
    assert!(!shown.contains(char::is_control), "{shown:?}");
    assert!(scrub.clean(text).chars().count() <= 201);
    assert!(!scrub.host(text).contains(char::is_control));
}

/// The credential as it stands, percent-encoded, in JSON, in XML, and in Base64.
fn spellings(secret: &str) -> Vec<String> {
    let (mut json, mut xml) = (String::new(), String::new());
    for unit in secret.encode_utf16() {
        write!(json, "\\u{unit:04x}").expect("a string takes it");
    }
    for c in secret.chars() {
        write!(xml, "&#{};", u32::from(c)).expect("a string takes it");
    }
    let mut spellings = vec![secret.to_owned(), encoded(secret)];
    // A control character is shown as a space, whose code is another.
    if !secret.contains(char::is_control) {
        spellings.extend([json, xml, STANDARD.encode(secret)]);
    }
    spellings
}

/// `shown` is one line and has neither the credential nor its spelling. What is put in their place may look like them.
fn check(shown: &str, secret: &str, spelling: &str) {
    assert!(!shown.contains(char::is_control), "{shown:?}");
    for piece in shown.split("(hidden)") {
        assert!(!piece.contains(secret), "{secret:?} in {shown:?}");
        assert!(!piece.contains(spelling), "{spelling:?} in {shown:?}");
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus::check;

    #[test]
    fn what_holds_for_every_bundle_holds_for_the_corpus() {
        check("pem", &[], super::pem);
    }

    #[test]
    fn what_holds_for_all_words_holds_for_the_corpus() {
        check("scrub", &[], super::scrub);
    }
}
