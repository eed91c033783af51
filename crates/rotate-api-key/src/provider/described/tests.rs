//! Lists of keys, as providers may answer with them.

use rotation::Fault;

use super::*;
use crate::description::Description;
use crate::http::{LARGEST_ANSWER, LARGEST_PAGE};
use crate::notation::pointer::Source;

fn described() -> Description {
    let mut it = Description::load("unleash.toml", include_str!("../../../providers/unleash.toml")).unwrap();
    let list = it.list.as_mut().expect("it has a list");
    list.keys = Pointer::parse("/keys").unwrap();
    list.id = Pointer::parse("/id").unwrap();
    list.name = Pointer::parse("/meta/name").ok();
    it
}

fn keys_of(body: &str) -> Result<Vec<Listed>, ProviderFault> {
    let mut all = Vec::new();
    read(
        described().list.as_ref().unwrap(),
        None,
        &Reply::of(body.as_bytes()),
        &mut all,
    )?;
    Ok(all)
}

#[track_caller]
fn refused(body: &str, words: &str) {
    let fault = keys_of(body).unwrap_err();
    assert_eq!(fault.code(), "ProviderAnswerUnusable", "{fault}");
    assert!(fault.to_string().contains(words), "{fault}");
}

#[test]
fn keys_have_an_id_and_perhaps_a_name() {
    let keys =
        keys_of(r#"{"n": 2, "keys": [{"id": 17, "meta": {"name": "a"}}, {"id": "x/../y", "meta": 1}]}"#)
            .unwrap();
    let told: Vec<_> = keys
        .iter()
        .map(|key| (key.id.as_str(), key.name.as_deref()))
        .collect();
    assert_eq!(told, [("17", Some("a")), ("x/../y", None)]);
    assert_eq!(keys_of(r#"{"keys": []}"#).unwrap(), []);
}

#[test]
fn what_is_no_list_is_refused() {
    refused("", "has no body");
    refused("<html>", "is not JSON");
    refused("{}", "has no array at \"/keys\"");
    refused(r#"{"keys": {"0": 1}}"#, "has no array at \"/keys\"");
    refused(r#"{"keys": [{"name": "x"}]}"#, "a key without an id at \"/id\"");
    refused(r#"{"keys": [{"id": ""}]}"#, "a key without an id");
    refused(r#"{"keys": [{"id": ["x"]}]}"#, "a key without an id");
    for control in ["\\n", "\\r\\nHost: evil", "\\u0000", "\\u007f", "\\u0085"] {
        refused(
            &format!(r#"{{"keys": [{{"id": "a{control}b"}}]}}"#),
            "whose id has control characters",
        );
    }
    refused(
        &format!(r#"{{"keys": [{{"id": "{}"}}]}}"#, "a".repeat(1025)),
        "longer than 1024 bytes",
    );
}

#[test]
fn a_new_key_whose_id_has_control_characters_is_refused() {
    let reply = Reply::of(br#"{"key": "k", "id": "a\tb"}"#);
    let id = Pointer::parse("/id").unwrap();
    let fault = reply.key(&Source::at("/key"), Some(&id)).unwrap_err();
    assert!(fault.to_string().contains("control characters"), "{fault}");
}

#[test]
fn there_is_an_end_to_the_keys_of_all_pages() {
    let page = |count: usize| format!(r#"{{"keys": [{}]}}"#, vec![r#"{"id": 1}"#; count].join(","));
    assert_eq!(keys_of(&page(MOST_KEYS)).unwrap().len(), MOST_KEYS);
    refused(&page(MOST_KEYS + 1), "more than 10000 keys");
    let (it, mut all) = (described(), keys_of(&page(MOST_KEYS - 1)).unwrap());
    read(
        it.list.as_ref().unwrap(),
        None,
        &Reply::of(page(1).as_bytes()),
        &mut all,
    )
    .unwrap();
    let more = read(
        it.list.as_ref().unwrap(),
        None,
        &Reply::of(page(1).as_bytes()),
        &mut all,
    );
    assert!(more.is_err_and(|fault| fault.to_string().contains("more than 10000 keys")));
}

#[test]
fn a_name_that_is_no_name_is_none() {
    let name = "keywheel-".repeat(200);
    let keys = keys_of(&format!(
        r#"{{"keys": [{{"id": 1, "meta": {{"name": "{name}"}}}}]}}"#
    ))
    .unwrap();
    assert_eq!(keys[0].name, None);
}

/// As much as a page may have, of whatever takes most memory when it is parsed as a whole. What it takes to look through it:
/// `/usr/bin/time -f %M` of this test alone, against any other test alone.
#[test]
fn the_largest_page_is_read_whatever_it_is_made_of() {
    let fill = |piece: &str| {
        let pieces = vec![piece; (LARGEST_PAGE - 20) / (piece.len() + 1)].join(",");
        format!(r#"{{"keys": [{pieces}]}}"#)
    };
    for piece in [r#"{"a":0}"#, "[]", "0", r#"{"id":1,"b":[{},{}]}"#] {
        let words = if piece.contains("id") {
            "more than 10000 keys"
        } else {
            "without an id"
        };
        refused(&fill(piece), words);
    }
    let half = LARGEST_PAGE / 2 - 20;
    let deep = format!(r#"{{"keys": {}{}}}"#, "[".repeat(half), "]".repeat(half));
    refused(&deep, "without an id");
    refused(&"[".repeat(LARGEST_ANSWER), "is not JSON");
}
