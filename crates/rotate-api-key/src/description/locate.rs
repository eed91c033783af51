//! Where a key stands in the text of a TOML file.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Every key with the place of its own name and of its value.
pub(super) struct Places(Vec<Place>);

struct Place {
    key: String,
    name: usize,
    value: Range<usize>,
}

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
                });
                descend(item.get_ref(), &key, places);
            }
        }
        _ => {}
    }
}
