//! The name that was probably meant.

/// The first known name that differs from `name` by the fewest letters, if those are few: one in three, and one at least.
pub(crate) fn near<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let few = (name.chars().count() / 3).max(1);
    let distance = |known: &str| strsim::damerau_levenshtein(name, known);
    let known = known.into_iter().map(|known| (distance(known), known));
    let nearest = known.min_by_key(|(distance, _)| *distance)?;
    (nearest.0 <= few).then_some(nearest.1)
}

/// The same as the end of a sentence; nothing if no name is near.
pub(crate) fn hint<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    near(name, known).map_or_else(String::new, |near| format!(": `{near}` is near"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let known = ["kind", "site", "project_id"];
        for (name, expected) in [
            ("kid", Some("kind")),
            ("knid", Some("kind")),
            ("projectid", Some("project_id")),
            ("project-id", Some("project_id")),
            ("region", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(near(name, known), expected, "{name}");
        }
        assert_eq!(hint("kid", known), ": `kind` is near");
        assert_eq!(hint("region", known), "");
    }
}
