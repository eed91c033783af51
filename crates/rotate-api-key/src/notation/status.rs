//! Sets of HTTP statuses, as descriptions write them: `[200, "5xx"]`.

use serde::Deserialize;
use serde::de::Error as _;

/// A set of statuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub(crate) struct Statuses(Vec<Status>);

/// One status, or all of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    One(u16),
    Hundred(u16),
}

impl Statuses {
    /// Not one.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// All of 200 to 299.
    pub(crate) fn success() -> Self {
        Self(vec![Status::Hundred(2)])
    }

    /// What a refused credential is answered with.
    pub(crate) fn unauthorized() -> Self {
        Self(vec![Status::One(401), Status::One(403)])
    }

    /// What says nothing of what was asked.
    pub(crate) fn passing() -> Self {
        Self(vec![
            Status::One(408),
            Status::One(425),
            Status::One(429),
            Status::Hundred(5),
        ])
    }

    /// What a thing that is not there is answered with.
    pub(crate) fn absent() -> Self {
        Self(vec![Status::One(404)])
    }

    /// Whether nothing else than success is in it.
    pub(crate) fn is_of_success(&self) -> bool {
        self.0.iter().all(|member| match *member {
            Status::One(one) => one / 100 == 2,
            Status::Hundred(hundred) => hundred == 2,
        })
    }

    /// Whether `status` is in it.
    pub(crate) fn has(&self, status: u16) -> bool {
        self.0.iter().any(|member| match *member {
            Status::One(one) => one == status,
            Status::Hundred(hundred) => status / 100 == hundred,
        })
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        let wrong = || D::Error::custom("a status is a number from 200 to 599, or \"2xx\" to \"5xx\"");
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Number(number @ 200..=599) => u16::try_from(number).map(Self::One).map_err(|_| wrong()),
            Written::Text(text) => match text.strip_suffix("xx").map(str::parse) {
                Some(Ok(hundred @ 2..=5)) => Ok(Self::Hundred(hundred)),
                _ => Err(wrong()),
            },
            Written::Number(_) => Err(wrong()),
        }
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Status {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Status".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"anyOf": [
            {"type": "integer", "minimum": 200, "maximum": 599},
            {"enum": ["2xx", "3xx", "4xx", "5xx"]},
        ]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_hundreds_are_read_and_nothing_else() {
        let read = |text: &str| serde_json::from_str::<Statuses>(text);
        let statuses = read(r#"[404, "5xx"]"#).unwrap();
        assert!(statuses.has(404) && statuses.has(500) && statuses.has(599));
        assert!(!statuses.has(403) && !statuses.has(200));
        for bad in [
            r"[99]",
            r"[600]",
            r#"["9xx"]"#,
            r#"["404"]"#,
            r"[true]",
            r"404",
            r#"["xx"]"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
