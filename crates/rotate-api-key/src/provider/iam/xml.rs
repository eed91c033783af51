//! The answers of AWS's query API.

use roxmltree::{Document, Node, ParsingOptions};

/// Most nodes of an answer: two keys are thirty.
const MOST_NODES: u32 = 10_000;
/// Deepest element of an answer. AWS's have six; each remembers all around it.
const DEEPEST: usize = 16;

/// An element of an answer, flattened: names are found at any depth.
pub(super) struct Xml(Vec<Element>);

struct Element {
    /// The names from the root to this element.
    path: Vec<String>,
    text: String,
    /// Which `member` of a list it belongs to.
    member: usize,
}

impl Xml {
    /// Reads a document; none if it is not XML. A document type, by which XML can be made to grow, is refused.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let options = ParsingOptions {
            nodes_limit: MOST_NODES,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(text, options).ok()?;
        let mut elements = Vec::new();
        let mut member = 0;
        for node in document.descendants().filter(Node::is_element) {
            if node.has_tag_name_ignoring_namespace("member") {
                member += 1;
            }
            let mut path: Vec<_> = node
                .ancestors()
                .filter(Node::is_element)
                .map(|ancestor| ancestor.tag_name().name().to_owned())
                .take(DEEPEST + 1)
                .collect();
            if path.len() > DEEPEST {
                return None;
            }
            path.reverse();
            elements.push(Element {
                path,
                text: node.text().unwrap_or_default().trim().to_owned(),
                member,
            });
        }
        Some(Self(elements))
    }

    /// The text of the first element of that name, if it has one.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let found = self
            .0
            .iter()
            .find(|element| element.path.last().is_some_and(|last| last == name));
        found
            .map(|element| element.text.clone())
            .filter(|text| !text.is_empty())
    }

    /// The members of the list of that name.
    pub(super) fn members(&self, list: &str) -> Vec<Self> {
        let mut members: Vec<(usize, Vec<Element>)> = Vec::new();
        let inside = self.0.iter().filter(|element| {
            element
                .path
                .windows(2)
                .any(|pair| pair[0] == list && pair[1] == "member")
        });
        for element in inside {
            let copy = Element {
                path: element.path.clone(),
                text: element.text.clone(),
                member: element.member,
            };
            match members.last_mut() {
                Some((number, elements)) if *number == element.member => elements.push(copy),
                _ => members.push((element.member, vec![copy])),
            }
        }
        members.into_iter().map(|(_, elements)| Self(elements)).collect()
    }
}

trait HasName {
    fn has_tag_name_ignoring_namespace(&self, name: &str) -> bool;
}

impl HasName for Node<'_, '_> {
    fn has_tag_name_ignoring_namespace(&self, name: &str) -> bool {
        self.tag_name().name() == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"<ListAccessKeysResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAccessKeysResult>
        <AccessKeyMetadata><member><AccessKeyId>A1</AccessKeyId><Status>Active</Status></member>
        <member><AccessKeyId>A2</AccessKeyId></member></AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>"#;

    #[test]
    fn members_of_a_list_are_read_one_by_one() {
        let list = Xml::parse(LIST).unwrap();
        let ids: Vec<_> = list
            .members("AccessKeyMetadata")
            .iter()
            .map(|key| key.text("AccessKeyId").unwrap())
            .collect();
        assert_eq!(ids, ["A1", "A2"]);
        assert_eq!(list.members("Nothing").len(), 0);
        assert_eq!(list.text("Nothing"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(
            text in proptest::prop_oneof![".{0,80}", "(<member>|</member>|<[a-c]>|</[a-c]>|<[a-c]/>|&amp;|&#0;|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<\\?|x| ){0,20}"],
        ) {
            for text in [text.clone(), format!("<a>{text}</a>")] {
                if let Some(xml) = Xml::parse(&text) {
                    let _ = (xml.text("a"), xml.members("a").len());
                }
            }
        }
    }

    #[test]
    fn what_is_no_xml_or_would_grow_is_refused() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>"#;
        let deep = format!("{}{}", "<a>".repeat(70_000), "</a>".repeat(70_000));
        let wide = format!("<a>{}</a>", "<b/>".repeat(100_000));
        for bad in ["", "{}", "<a>", bomb, &deep, &wide] {
            assert!(Xml::parse(bad).is_none(), "{}", &bad[..bad.len().min(80)]);
        }
        let deepest = format!("{}x{}", "<a>".repeat(DEEPEST), "</a>".repeat(DEEPEST));
        assert!(Xml::parse(&deepest).is_some());
    }
}
