//! How the next page of a list is asked for.

use serde::Deserialize;

use crate::notation::json::Json;
use crate::notation::pointer::Pointer;

/// How the next page of a list is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) enum Next {
    /// The answer has a token, which goes into the query, or into GraphQL's variables.
    Cursor {
        /// Where the token stands; none, null or empty on the last page.
        cursor: Pointer,
        /// The parameter of the query.
        query: String,
        /// What says whether there is another page, where the token stands on the last one, too.
        more: Option<Pointer>,
    },
    /// The answer has the next page's URL, or its path; none, null or empty on the last page.
    Url(Pointer),
    /// Pages are counted.
    Number {
        /// The first page's number.
        first: u64,
        /// How far it is from one page's number to the next one's.
        step: u64,
        /// The parameter of the query.
        query: String,
        /// Where the answer says how many keys there are on all pages. Without it the last page is the one without a key.
        total: Option<Pointer>,
    },
}

/// `next` as it is written: one of `cursor`, `url` and `number`, and what belongs to it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// Where the answer has the next page's token; none, null or empty on the last page. Needs `query`.
    cursor: Option<Pointer>,
    /// Where the answer has the next page's URL or path; none, null or empty on the last page. Its host must be the base's.
    url: Option<Pointer>,
    /// The number of the first page, where pages are counted. Needs `query`.
    number: Option<u64>,
    /// With `number`: how far it is to the next page's number, where keys are counted and not pages. 1 by default.
    step: Option<u64>,
    /// The parameter of the query that the token, or the number, goes to. With `graphql`: the variable.
    query: Option<String>,
    /// With `cursor`: where the answer says whether there is another page.
    more: Option<Pointer>,
    /// With `number`: where the answer says how many keys there are on all pages.
    total: Option<Pointer>,
}

impl TryFrom<Written> for Next {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written {
                cursor: Some(cursor),
                query: Some(query),
                url: None,
                number: None,
                step: None,
                total: None,
                more,
            } => Ok(Self::Cursor { cursor, query, more }),
            Written {
                url: Some(url),
                cursor: None,
                number: None,
                step: None,
                query: None,
                more: None,
                total: None,
            } => Ok(Self::Url(url)),
            Written {
                number: Some(first),
                step,
                query: Some(query),
                cursor: None,
                url: None,
                more: None,
                total,
            } if step != Some(0) => Ok(Self::Number {
                first,
                step: step.unwrap_or(1),
                query,
                total,
            }),
            _ => Err(
                "is { cursor, query } with or without `more`, { url }, or { number, query } with or without `total` and `step`, which is 1 or more",
            ),
        }
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Next {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Next".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}

/// A page of a list.
#[derive(Clone, Copy)]
pub(crate) enum Page<'a> {
    /// The first one, which is asked for as described.
    First,
    /// The one that a parameter of the query, or a variable of GraphQL, names.
    Query(&'a str, &'a str),
    /// The one at a URL that the provider gave.
    At(&'a str),
}

/// Where one is in a list of several pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Position {
    /// A token or a URL that the provider gave.
    Told(String),
    /// A number.
    Number(u64),
}

impl Next {
    /// The page behind `here`, of which `answer` is the answer; none if there is none. `before` is how many keys the pages
    /// before it had, `count` how many it has.
    ///
    /// # Errors
    /// What is wrong with what the answer says of it.
    pub(crate) fn after(
        &self,
        here: Option<&Position>,
        answer: Json<'_>,
        (before, count): (usize, usize),
    ) -> Result<Option<Position>, &'static str> {
        let told = |place: &Pointer| {
            let there = answer.at(place).filter(|there| there.tells());
            let text = there.map(|there| {
                there
                    .text()
                    .ok_or("has something else than the next page's token or URL there")
            });
            Ok::<_, &'static str>(text.transpose()?.map(Position::Told))
        };
        match self {
            Self::Url(place) => told(place),
            Self::Cursor { more: Some(more), .. } if !answer.at(more).is_some_and(Json::tells) => Ok(None),
            Self::Cursor { cursor, more, .. } => match told(cursor)? {
                None if more.is_some() => Err("says that there is another page, and has no token for it"),
                next => Ok(next),
            },
            Self::Number {
                first, step, total, ..
            } => {
                let read = before + count;
                let said = total
                    .as_ref()
                    .and_then(|total| answer.at(total)?.text()?.parse().ok());
                if said.is_some_and(|said: usize| read >= said) || (said.is_none() && count == 0) {
                    return Ok(None);
                }
                if count == 0 {
                    return Err("has no key, and says that there are more than all pages had");
                }
                let number = match here {
                    Some(Position::Number(number)) => *number,
                    _ => *first,
                };
                Ok(Some(Position::Number(number.saturating_add(*step))))
            }
        }
    }

    /// How that page is asked for; `text` is what `at` has in words.
    pub(crate) fn page<'a>(&'a self, text: &'a str) -> Page<'a> {
        match self {
            Self::Cursor { query, .. } | Self::Number { query, .. } => Page::Query(query, text),
            Self::Url(_) => Page::At(text),
        }
    }
}

impl Position {
    /// As it goes into a request.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Told(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(toml: &str) -> Result<Next, String> {
        toml::from_str(toml).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[track_caller]
    fn check(toml: &str, answer: &str, counts: (usize, usize), expected: Result<Option<&str>, &str>) {
        let here = Position::Number(7);
        let found = next(toml)
            .unwrap()
            .after(Some(&here), Json::parse(answer.as_bytes()).unwrap(), counts)
            .map(|next| next.map(|next| next.text()));
        let told = found.as_ref().map(Option::as_deref).map_err(|problem| *problem);
        assert_eq!(told, expected, "{toml} {answer}");
    }

    #[test]
    fn a_token_a_url_or_a_number_tells_the_next_page() {
        let cursor = "cursor = '/c'\nquery = 'after'";
        check(cursor, r#"{"c": "t"}"#, (0, 1), Ok(Some("t")));
        check(cursor, r#"{"c": 17}"#, (0, 1), Ok(Some("17")));
        for last in ["{}", r#"{"c": null}"#, r#"{"c": ""}"#, r#"{"c": false}"#] {
            check(cursor, last, (0, 1), Ok(None));
        }
        check(
            cursor,
            r#"{"c": {"d": 1}}"#,
            (0, 1),
            Err("has something else than the next page's token or URL there"),
        );
        let more = "cursor = '/c'\nquery = 'after'\nmore = '/m'";
        check(more, r#"{"c": "t", "m": true}"#, (0, 1), Ok(Some("t")));
        check(more, r#"{"c": "t", "m": false}"#, (0, 1), Ok(None));
        check(
            more,
            r#"{"m": true}"#,
            (0, 1),
            Err("says that there is another page, and has no token for it"),
        );
        check(
            "url = '/u/next'",
            r#"{"u": {"next": "/keys?page=2"}}"#,
            (0, 1),
            Ok(Some("/keys?page=2")),
        );
        check("url = '/u/next'", r#"{"u": {}}"#, (0, 1), Ok(None));
    }

    #[test]
    fn counted_pages_end_with_the_total_or_with_an_empty_one() {
        let total = "number = 0\nquery = 'page'\ntotal = '/t'";
        check(total, r#"{"t": 150}"#, (0, 100), Ok(Some("8")));
        check(total, r#"{"t": 150}"#, (100, 50), Ok(None));
        check(
            total,
            r#"{"t": 150}"#,
            (100, 0),
            Err("has no key, and says that there are more than all pages had"),
        );
        check(total, "{}", (0, 100), Ok(Some("8")));
        check(total, "{}", (100, 0), Ok(None));
        check("number = 1\nquery = 'page'", "{}", (0, 1), Ok(Some("8")));
        let by_keys = "number = 0\nstep = 100\nquery = 'offset'";
        check(by_keys, "{}", (0, 100), Ok(Some("107")));
        let first = next("number = 1\nquery = 'page'").unwrap();
        let answer = Json::parse(b"{}").unwrap();
        assert_eq!(first.after(None, answer, (0, 1)), Ok(Some(Position::Number(2))));
    }

    #[test]
    fn one_way_alone_can_be_described() {
        for bad in [
            "",
            "cursor = '/c'",
            "query = 'q'",
            "number = 0",
            "url = '/u'\nquery = 'q'",
            "url = '/u'\ncursor = '/c'\nquery = 'q'",
            "cursor = '/c'\nquery = 'q'\ntotal = '/t'",
            "number = 0\nquery = 'q'\nmore = '/m'",
            "number = 0\nquery = 'q'\nstep = 0",
            "cursor = '/c'\nquery = 'q'\nstep = 2",
        ] {
            assert!(next(bad).unwrap_err().contains("{ url }"), "{bad}");
        }
        assert!(
            next("cursor = 'c'\nquery = 'q'")
                .unwrap_err()
                .contains("no JSON pointer")
        );
        assert!(next("curser = '/c'").unwrap_err().contains("unknown field"));
    }
}
