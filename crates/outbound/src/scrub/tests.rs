//! Words of servers, with and without credentials in them.

use proptest::prelude::*;
use secrecy::SecretString;

use super::stream::RUN;
use super::*;

fn clean(text: &str, secrets: &[SecretString]) -> String {
    Scrub::new(secrets).clean(text)
}

fn known(text: &str, secrets: &[SecretString]) -> String {
    Scrub::new(secrets).known(text)
}

fn cleaned(text: &str) -> String {
    clean(text, &["sesame street".into(), "plainwordscredential".into()])
}

#[test]
fn known_credentials_are_hidden_wherever_they_stand() {
    assert_eq!(cleaned("no sesame street here"), "no (hidden) here");
    assert_eq!(cleaned("\"plainwordscredential\""), "\"(hidden)\"");
}

#[test]
fn what_looks_like_a_credential_is_hidden_too() {
    for word in [
        "dd0c1a2b3c4d5e6f",
        "*:*.964a287e1b728cb5f4f3e0120df92cb5",
        "glsa_HOruNAb7SOiCdshU",
        "AbCdEfGhIjKlMnOp",
    ] {
        let text = cleaned(&format!("key '{word}' exists: {word}"));
        assert_eq!(text, "key '(hidden)' exists: (hidden)", "{word}");
    }
}

#[test]
fn ordinary_words_stay() {
    for text in [
        "Forbidden: insufficient permissions",
        "Name is already in use (max. 100 keys)",
        "invalid_client",
    ] {
        assert_eq!(cleaned(text), text);
    }
}

#[test]
fn the_text_is_one_line_of_bounded_length() {
    let text = cleaned(&format!("a\nb {}", "word ".repeat(500)));
    assert!(!text.contains('\n') && text.chars().count() <= LONGEST + 1);
}

proptest! {
    #[test]
    fn no_text_gets_a_known_credential_through(before in ".{0,30}", secret in "[!-~]{4,40}", after in ".{0,30}") {
        let text = clean(&format!("{before}{secret}{after}"), &[secret.as_str().into()]);
        // What stands for it may by chance hold so short a credential itself.
        prop_assert!(!text.contains(&secret) || HIDDEN.contains(&secret), "{}", text);
    }
}

/// How a text can be encoded in a server's words.
fn encodings(text: &str) -> Vec<(&'static str, String)> {
    use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
    const COMPONENT: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'%')
        .add(b'&')
        .add(b'+')
        .add(b'/')
        .add(b'<')
        .add(b'>');
    let json = serde_json::Value::from(text).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let all = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let hexadecimal = text
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect::<Vec<_>>()
        .concat();
    let escaped = text
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect::<Vec<_>>()
        .concat();
    let xml = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;");
    let numbered = text
        .chars()
        .map(|c| format!("&#x{:x};", u32::from(c)))
        .collect::<Vec<_>>()
        .concat();
    vec![
        ("plain", text.to_owned()),
        ("json", json.clone()),
        ("json with slashes", json.replace('/', "\\/")),
        ("json, escaped", escaped),
        ("url", all.clone()),
        ("url, some", utf8_percent_encode(text, COMPONENT).to_string()),
        ("url, every byte", hexadecimal),
        ("form", all.replace("%20", "+")),
        ("xml", xml),
        ("xml, every character", numbered),
    ]
}

/// Fails if `shown` has eight characters in a row of `secret`.
#[track_caller]
fn no_run(shown: &str, secret: &str, what: &str) {
    let shown: Vec<char> = shown.replace(HIDDEN, "").chars().collect();
    let secret: Vec<char> = secret.chars().map(printable).collect();
    let found = secret
        .windows(RUN)
        .find(|run| shown.windows(RUN).any(|part| part == *run));
    assert_eq!(found, None, "{what}: {shown:?}");
}

#[test]
fn a_key_of_several_lines_is_hidden_as_it_is_and_as_json_has_it() {
    let pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nabc/def+ghi==\n-----END KEY-----\n";
    for (what, encoded) in encodings(pem) {
        let shown = known(&format!("the key {encoded} is bad"), &[pem.into()]);
        assert_eq!(shown, "the key (hidden) is bad", "{what}");
    }
}

#[test]
fn a_part_of_a_key_is_hidden_too() {
    let secret = ["sk-live-0123456789abcdef".into()];
    assert_eq!(
        known("key sk-live-01234… is bad", &secret),
        "key (hidden)… is bad"
    );
    assert_eq!(known("key …9abcdef is bad", &secret), "key …9abcdef is bad");
}

#[test]
fn the_header_of_basic_authentication_is_hidden() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    for user in ["", "a", "ab", "abc", "abcd"] {
        for secret in ["swordfish and more", "s:3+/ä b&c=d%e"] {
            let header = engine.encode(format!("{user}:{secret}"));
            let shown = known(&format!("no Basic {header}"), &[secret.into()]);
            let first = (user.len() + 1).div_ceil(3) * 4;
            no_run(&shown, &header[first..], user);
            assert!(shown.contains(HIDDEN), "{shown}");
        }
    }
}

#[test]
fn of_a_host_that_a_server_chose_only_the_name_is_told() {
    let told = |host: &str| Scrub::new(&[SecretString::from("SeSame-StreetKey")]).host(host);
    assert_eq!(told("Login.Example.com"), "login.example.com");
    assert_eq!(told("10.0.0.1"), "10.0.0.1");
    assert_eq!(told("[2001:db8::1]"), "[2001:db8::1]");
    assert_eq!(told("sesame-streetkey.evil.example"), "(hidden).evil.example");
    assert_eq!(told("x.sesame-street.evil.example"), "x.(hidden).evil.example");
    assert_eq!(told("0f3a9c5577aa.evil.example"), "(hidden).evil.example");
    for strange in [
        "",
        "a b",
        "a\nb.example",
        "key@evil.example",
        "ä.example",
        &"a.".repeat(200),
    ] {
        assert_eq!(told(strange), "another host", "{strange:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever a credential is made of, and however a server repeats it, there is nothing of it to be read.
    #[test]
    fn no_encoding_gets_a_known_credential_through(
        before in "[a-z .:'\"]{0,12}",
        secret in prop_oneof!["[!-~]{8,40}", "[ -~\n\r\té/+&<%]{8,60}", "\\PC{8,30}"],
        after in "[a-z .:'\"]{0,12}",
    ) {
        for (what, encoded) in encodings(&secret) {
            let shown = known(&format!("{before}{encoded}{after}"), &[secret.as_str().into()]);
            no_run(&shown, &secret, what);
            no_run(&shown, &encoded, what);
        }
    }
}

/// As SQL quotes a text, with and without regard to backslashes.
fn quoted(secret: &str) -> Vec<String> {
    let doubled = secret.replace('\'', "''");
    vec![doubled.replace('\\', r"\\"), doubled]
}

#[test]
fn a_credential_is_hidden_in_its_own_spellings_too() {
    for (secret, text, expected) in [
        (r"it's \me", r"near E'it''s \\me'", "near E'(hidden)'"),
        (r"it's \me", r"near 'it''s \me'", "near '(hidden)'"),
        (
            "Ex''y",
            "near 'Ex''''y' and Ex''y",
            "near '(hidden)' and (hidden)",
        ),
    ] {
        let secrets = [SecretString::from(secret)];
        let scrub = Scrub::new(&secrets).spelled(quoted);
        assert_eq!(scrub.known(text), expected);
    }
}

#[test]
fn credentials_of_several_types_are_hidden() {
    let (one, other) = (SecretString::from("swordfish"), SecretString::from("hunter2"));
    let scrub = Scrub::new([&one as &dyn ExposeSecret<str>, &other]);
    assert_eq!(scrub.known("swordfish or hunter2"), "(hidden) or (hidden)");
}

#[test]
fn a_very_short_credential_leaves_words_that_cannot_be_it() {
    for secret in ["a", "no", "\"", "ab1", "for"] {
        assert_eq!(
            known("no entry in pg_hba.conf for role \"ab1\" (a)", &[secret.into()]),
            "(hidden) entry (hidden) pg_hba(hidden)conf (hidden) role (hidden) (hidden)",
            "{secret}"
        );
    }
    let shown = |host| Scrub::new(&[SecretString::from("com")]).host(host);
    assert_eq!(shown("login.example.com"), "login.example.(hidden)");
    let both = ["x".into(), "plainwordscredential".into()];
    assert_eq!(
        known("with plainwordscredential here", &both),
        "with (hidden) here"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Which credential it is, and whether the server repeated it, makes no difference to what is shown.
    #[test]
    fn what_is_shown_says_nothing_of_a_very_short_credential(
        before in "[a-z .:'\"]{0,12} ",
        one in "[!-~é]{1,3}",
        after in " [a-z .:'\"]{0,12}",
    ) {
        for (what, encoded) in encodings(&one) {
            let text = format!("{before}{encoded}{after}");
            let shown = known(&text, &[one.as_str().into()]);
            prop_assert_eq!(&shown, &known(&text, &["?".into()]), "{}", what);
            prop_assert!(shown.contains(HIDDEN), "{}: {}", what, shown);
        }
        let text = format!("{before}{one}{after}");
        let around = format!("{before}~{after}");
        prop_assert_eq!(known(&text, &[one.as_str().into()]), known(&around, &["~".into()]));
    }
}

#[test]
fn an_empty_credential_hides_nothing() {
    assert_eq!(known("all of\nit", &["".into()]), "all of it");
    assert_eq!(known("all of\nit", &[]), "all of it");
}

proptest! {
    #[test]
    fn no_quoted_credential_is_left_in_any_text(
        secret in "[ -~äß\n]{4,12}",
        before in ".{0,20}",
        after in ".{0,20}",
        place in 0..3_usize,
    ) {
        prop_assume!(!HIDDEN.contains(&secret));
        let said = [quoted(&secret), vec![secret.clone()]].concat().swap_remove(place);
        let secrets = [SecretString::from(secret.as_str())];
        let shown = Scrub::new(&secrets).spelled(quoted).known(&format!("{before}{said}{after}"));
        prop_assert!(!shown.contains(&secret), "{}", shown);
        prop_assert!(!shown.chars().any(char::is_control));
    }
}
