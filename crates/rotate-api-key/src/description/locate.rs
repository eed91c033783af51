//! Where a key stands in the text of a TOML file.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Every key with the place of its own name and of its value.
pub(super) struct Places(Vec<Place>);

struct Place {
    key: String,
    name: usize,
    value: Range<usize>,
    /// It is an array that has a table.
    of_tables: bool,
}

/// The one section that may stand several times.
const REVOKE: &str = "revoke";

impl Places {
    /// Nothing at all for a text that is no TOML.
    pub(super) fn of(text: &str) -> Self {
        let mut places = Vec::new();
        let (table, _) = DeTable::parse_recoverable(text);
        visit(table.get_ref(), "", &mut places);
        Self(places)
    }

    /// Where the key, or else the longest part of it that there is, begins.
    pub(super) fn offset_of(&self, key: &str) -> usize {
        let mut key = key;
        loop {
            if let Some(place) = self.0.iter().find(|place| place.key == key) {
                return place.name;
            }
            match key.rsplit_once('.') {
                Some((outer, _)) => key = outer,
                None => return 0,
            }
        }
    }

    /// A table that is written as one of several, and is none: where it begins, and its key.
    pub(super) fn repeated(&self) -> Option<(usize, &str)> {
        let of_json = |key: &str| key.split('.').any(|part| matches!(part, "json" | "graphql"));
        let several = self
            .0
            .iter()
            .filter(|place| place.of_tables && !of_json(&place.key));
        let wrong = several.filter(|place| place.key != REVOKE);
        wrong.map(|place| (place.name, place.key.as_str())).next()
    }

    /// The innermost key at a place.
    pub(super) fn key_at(&self, offset: usize) -> String {
        let around = self.0.iter().filter(|place| {
            place.name == offset || place.value.contains(&offset) || place.value.start == offset
        });
        around
            .max_by_key(|place| place.key.len())
            .map_or_else(String::new, |place| place.key.clone())
    }
}

fn visit(table: &DeTable<'_>, outer: &str, places: &mut Vec<Place>) {
    for (name, value) in table {
        let key = if outer.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{outer}.{}", name.get_ref())
        };
        places.push(Place {
            key: key.clone(),
            name: name.span().start,
            value: value.span(),
            of_tables: matches!(value.get_ref(), DeValue::Array(items)
                if items.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_)))),
        });
        descend(value.get_ref(), &key, places);
    }
}

fn descend(value: &DeValue<'_>, key: &str, places: &mut Vec<Place>) {
    match value {
        DeValue::Table(table) => visit(table, key, places),
        DeValue::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                let key = format!("{key}.{number}");
                places.push(Place {
                    key: key.clone(),
                    name: item.span().start,
                    value: item.span(),
                    of_tables: false,
                });
                descend(item.get_ref(), &key, places);
            }
        }
        _ => {}
    }
}
