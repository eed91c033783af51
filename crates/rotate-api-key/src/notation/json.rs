//! What stands at a place of a JSON text, without the rest of it.
//!
//! A provider decides what its answer is made of. As a tree of `serde_json::Value`, a megabyte of `{"a":0}` takes a hundred
//! megabytes of memory, more than a function of 128 MB has. So `serde_json` reads the answer as a stream, and only what a
//! pointer names is kept, as a `RawValue`: a slice of the text. A crate that resolves pointers does so in such a tree.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::notation::pointer::Pointer;

/// A JSON value as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Json<'t>(&'t RawValue);

/// Why the items of an array could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoItems {
    /// It is something else.
    NoArray,
    /// There are more than are wanted.
    TooMany,
}

impl<'t> Json<'t> {
    /// The value that is the whole text; none if it is not JSON, or not UTF-8.
    pub(crate) fn parse(text: &'t [u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().map(Self)
    }

    /// What stands at a place, if something does. Of members with one name the last one counts, as with most readers.
    pub(crate) fn at(self, place: &Pointer) -> Option<Self> {
        place
            .names()
            .try_fold(self, |here, name| here.inside(Inside(&name)))
    }

    /// The string, or the number as it is written.
    pub(crate) fn text(self) -> Option<String> {
        match self.first() {
            b'"' => self.read(),
            b'-' | b'0'..=b'9' => Some(self.0.get().to_owned()),
            _ => None,
        }
    }

    /// Whether it tells of something: it is not null, false, or empty.
    pub(crate) fn tells(self) -> bool {
        let text = self.0.get();
        match self.first() {
            b'n' | b'f' => false,
            b'"' => text.len() > 2,
            b'[' | b'{' => !text[1..text.len() - 1].trim().is_empty(),
            _ => true,
        }
    }

    /// Whether it is null.
    pub(crate) fn is_null(self) -> bool {
        self.first() == b'n'
    }

    /// Whether it is null, or false: `{"active": false}` is what OAuth's introspection (RFC 7662) says of a dead token.
    pub(crate) fn is_null_or_false(self) -> bool {
        matches!(self.first(), b'n' | b'f')
    }

    /// Gives each item of an array to `each`, until that fails.
    ///
    /// # Errors
    /// [`NoItems`], or what `each` says.
    pub(crate) fn each<E: From<NoItems>>(
        self,
        most: usize,
        mut each: impl FnMut(Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.first() != b'[' {
            return Err(NoItems::NoArray.into());
        }
        let mut outcome = Ok(());
        let items = Items(|number, item| {
            outcome = if number < most {
                each(Self(item))
            } else {
                Err(NoItems::TooMany.into())
            };
            outcome.is_ok()
        });
        // It ends early if an item was refused, and otherwise cannot fail: it was JSON as a whole.
        let _ = serde_json::Deserializer::from_str(self.0.get()).deserialize_seq(items);
        outcome
    }

    fn inside(self, inside: Inside<'_>) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_str(self.0.get());
        let found = match self.first() {
            b'{' => reader.deserialize_map(inside),
            b'[' => reader.deserialize_seq(inside),
            _ => return None,
        };
        found.ok().flatten().map(Self)
    }

    fn read<T: DeserializeOwned>(self) -> Option<T> {
        serde_json::from_str(self.0.get()).ok()
    }

    fn first(self) -> u8 {
        self.0.get().bytes().next().unwrap_or_default()
    }
}

/// The member, or the item, of this name.
struct Inside<'n>(&'n str);

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            let member = map.next_value()?;
            if name == self.0 {
                found = Some(member);
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let mut number = 0_usize;
        while let Some(item) = items.next_element()? {
            if self.0 == number.to_string() {
                found = Some(item);
            }
            number += 1;
        }
        Ok(found)
    }
}

/// All items, each with its number, until one is refused.
struct Items<F>(F);

impl<'de, F: FnMut(usize, &'de RawValue) -> bool> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(item) = items.next_element()? {
            if !(self.0)(number, item) {
                return Err(A::Error::custom("an item is refused"));
            }
            number += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'t>(text: &'t str, pointer: &str) -> Option<Json<'t>> {
        Json::parse(text.as_bytes())
            .expect("it is JSON")
            .at(&Pointer::parse(pointer).unwrap())
    }

    #[test]
    fn what_stands_at_a_pointer_is_found_and_numbers_are_texts() {
        let answer = r#" {"data": [ {"id": 17, "a/b": "x\n\u00e9", "id2": -1.50e3}], "no": null, "": 1, "x": 1, "x": 2} "#;
        let text = |pointer: &str| at(answer, pointer).and_then(Json::text);
        assert_eq!(text("/data/0/id").as_deref(), Some("17"));
        assert_eq!(text("/data/0/id2").as_deref(), Some("-1.50e3"));
        assert_eq!(text("/data/0/a~1b").as_deref(), Some("x\né"));
        assert_eq!(text("/").as_deref(), Some("1"));
        assert_eq!(text("/x").as_deref(), Some("2"));
        for nothing in [
            "/data/1/id",
            "/data/00/id",
            "/data/-/id",
            "/data",
            "/no",
            "/no/0",
            "/data/0/id/0",
            "/n",
        ] {
            assert_eq!(text(nothing), None, "{nothing}");
        }
        assert!(at(answer, "/no").unwrap().is_null());
        assert_eq!(at("\"bare\"", "").and_then(Json::text).as_deref(), Some("bare"));
    }

    #[test]
    fn nothing_null_false_and_empty_tell_of_no_error() {
        let tells = |text: &str| at(text, "/e").is_some_and(Json::tells);
        for quiet in [
            r"{}",
            r#"{"e":null}"#,
            r#"{"e":false}"#,
            r#"{"e":[ ]}"#,
            r#"{"e":""}"#,
            r#"{"e":{}}"#,
        ] {
            assert!(!tells(quiet), "{quiet}");
        }
        for loud in [
            r#"{"e":true}"#,
            r#"{"e":0}"#,
            r#"{"e":[0]}"#,
            r#"{"e":" "}"#,
            r#"{"e":{"a":1}}"#,
        ] {
            assert!(tells(loud), "{loud}");
        }
    }

    fn numbers(text: &str, most: usize) -> Result<Vec<String>, NoItems> {
        let mut found = Vec::new();
        let json = Json::parse(text.as_bytes()).expect("it is JSON");
        json.each(most, |item| {
            found.extend(item.text());
            Ok::<_, NoItems>(())
        })?;
        Ok(found)
    }

    #[test]
    fn items_are_had_one_by_one_and_no_more_than_are_wanted() {
        assert_eq!(
            numbers("[1, [2], 3]", 3),
            Ok(vec!["1".to_owned(), "3".to_owned()])
        );
        assert_eq!(numbers("[1,2,3]", 2), Err(NoItems::TooMany));
        assert_eq!(numbers("[]", 0), Ok(Vec::new()));
        assert_eq!(numbers(r#"{"0": 1}"#, 9), Err(NoItems::NoArray));
    }

    #[test]
    fn what_is_not_json_as_a_whole_is_nothing() {
        for bad in [
            &b""[..],
            b"{",
            b"[1,]",
            b"{} x",
            b"nul",
            b"\"\xff\"",
            b"[\"\xff\"]",
            b"\"a\nb\"",
        ] {
            assert!(Json::parse(bad).is_none(), "{}", String::from_utf8_lossy(bad));
        }
    }

    /// A thread's stack of 256 KiB would be used up by a fraction of it, were it read by recursion.
    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500_000), "]".repeat(500_000));
        let open = "[{\"a\":".repeat(100_000);
        let look = move || {
            assert!(at(&deep, "/a/0/0/0").unwrap().tells());
            assert_eq!(at(&deep, "/a").and_then(Json::text), None);
            assert_eq!(numbers(&deep[5..deep.len() - 1], 9), Ok(Vec::new()));
            assert!(Json::parse(open.as_bytes()).is_none());
        };
        let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(look);
        thread.unwrap().join().unwrap();
    }
}
