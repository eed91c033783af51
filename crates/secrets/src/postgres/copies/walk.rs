//! Every string of a JSON object, at any depth, with the place of each of its characters in the text.

use std::ops::Range;

use secrecy::zeroize::Zeroizing;
use serde_json::value::RawValue;

use crate::error::DocumentError;
use crate::json::{Kind, Member, Object};
use crate::text::span_of;

/// What lies deeper is looked at as text only.
const DEEPEST: usize = 16;

/// The members of one object, or the items of one array.
pub(super) struct Group<'t> {
    pub(super) is_top: bool,
    pub(super) members: Vec<Named<'t>>,
}

/// A member. Its name and path have nothing of the password.
pub(super) struct Named<'t> {
    pub(super) name: String,
    pub(super) path: String,
    /// Whether the password was left out of `name`.
    pub(super) is_telling: bool,
    pub(super) value: Value<'t>,
}

pub(super) enum Value<'t> {
    Text(Text),
    Number(&'t str),
    /// An object or an array that lies too deep.
    Deep(&'t str),
    Other,
}

/// A string, unescaped.
pub(super) struct Text {
    pub(super) plain: Zeroizing<String>,
    /// For each byte of `plain`, and for its end, where it stands in the document.
    places: Vec<usize>,
}

impl Text {
    pub(super) fn in_document(&self, span: &Range<usize>) -> Range<usize> {
        self.places[span.start]..self.places[span.end]
    }

    pub(super) fn whole(&self) -> Range<usize> {
        0..self.plain.len()
    }
}

/// Collects all groups, the top one first. `password` is left out of the names.
pub(super) fn groups<'t>(text: &'t str, password: &str) -> Result<Vec<Group<'t>>, DocumentError> {
    let mut walk = Walk {
        text,
        password,
        groups: Vec::new(),
    };
    let object = Object::parse(text)?;
    walk.group(object.members().collect(), "", 0);
    Ok(walk.groups)
}

struct Walk<'t, 'p> {
    text: &'t str,
    password: &'p str,
    groups: Vec<Group<'t>>,
}

impl<'t> Walk<'t, '_> {
    fn group(&mut self, members: Vec<(String, Member<'t>)>, path: &str, depth: usize) {
        let at = self.groups.len();
        self.groups.push(Group {
            is_top: depth == 0,
            members: Vec::with_capacity(members.len()),
        });
        for (place, (name, member)) in members.into_iter().enumerate() {
            let is_telling = name.contains(self.password);
            let name = if is_telling {
                format!("key number {}", place + 1)
            } else {
                name
            };
            let path = match path {
                "" => name.clone(),
                _ if name.starts_with('[') => format!("{path}{name}"),
                _ => format!("{path}.{name}"),
            };
            let value = self.value(member, &path, depth + 1);
            self.groups[at].members.push(Named {
                name,
                path,
                is_telling,
                value,
            });
        }
    }

    fn value(&mut self, member: Member<'t>, path: &str, depth: usize) -> Value<'t> {
        let raw = member.raw();
        match member.kind() {
            Kind::String => unescape(raw, span_of(raw, self.text).start).map_or(Value::Other, Value::Text),
            Kind::Number => Value::Number(raw),
            Kind::Object | Kind::Array if depth > DEEPEST => Value::Deep(raw),
            Kind::Object => {
                let members = Object::parse_with_duplicates(raw);
                self.inner(members.map(|object| object.members().collect()), path, depth)
            }
            Kind::Array => {
                let items = serde_json::from_str::<Vec<&'t RawValue>>(raw);
                let items = items.map(|items| {
                    let items = items.into_iter().enumerate();
                    items
                        .map(|(place, item)| (format!("[{place}]"), Member::of(item.get())))
                        .collect()
                });
                self.inner(items, path, depth)
            }
            Kind::Null | Kind::Boolean => Value::Other,
        }
    }

    fn inner<E>(
        &mut self,
        members: Result<Vec<(String, Member<'t>)>, E>,
        path: &str,
        depth: usize,
    ) -> Value<'t> {
        if let Ok(members) = members {
            self.group(members, path, depth);
        }
        Value::Other
    }
}

/// Unescapes the JSON string `raw`, which stands at `start` and whose grammar was checked; none if half of a surrogate pair is in it.
fn unescape(raw: &str, start: usize) -> Option<Text> {
    let inner = &raw[1..raw.len() - 1];
    let mut plain = Zeroizing::new(String::with_capacity(inner.len()));
    let mut places = Vec::with_capacity(inner.len() + 1);
    let mut at = 0;
    while let Some(c) = inner[at..].chars().next() {
        let (c, length) = match c {
            '\\' => escaped(&inner[at..])?,
            c => (c, c.len_utf8()),
        };
        plain.push(c);
        places.resize(plain.len(), start + 1 + at);
        at += length;
    }
    places.push(start + 1 + at);
    Some(Text { plain, places })
}

/// The character that an escape begins with, and the escape's length.
fn escaped(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| u16::from_str_radix(text.get(at..at + 4)?, 16).ok();
    Some(match text.as_bytes()[1] {
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'u' => {
            let first = unit(2)?;
            match char::from_u32(first.into()) {
                Some(c) => (c, 6),
                None if text.get(6..8) == Some("\\u") => {
                    (char::decode_utf16([first, unit(8)?]).next()?.ok()?, 12)
                }
                None => return None,
            }
        }
        other => (other.into(), 2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_is_found_in_the_text() {
        let raw = r#""a\/\u00fc\ud83e\udd80ü\n""#;
        let text = unescape(raw, 0).unwrap();
        assert_eq!(text.plain.as_str(), "a/ü🦀ü\n");
        let place = |part: &str| {
            let span = text.plain.find(part).map(|at| at..at + part.len()).unwrap();
            &raw[text.in_document(&span)]
        };
        assert_eq!(place("/"), r"\/");
        assert_eq!(place("ü🦀"), r"\u00fc\ud83e\udd80");
        assert_eq!(place("\n"), r"\n");
        assert_eq!(&raw[text.in_document(&text.whole())], &raw[1..raw.len() - 1]);
        assert!(unescape(r#""\ud83e""#, 0).is_none());
        assert!(unescape(r#""\ud83e\u0020""#, 0).is_none());
    }
}
