//! The runbook, compiled in.

/// The code of an error or the name of a state, and its page.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The page of a code or a state, however its letters are written.
pub(crate) fn page(code: &str) -> Option<&'static str> {
    let page = PAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code));
    page.map(|(_, page)| *page)
}

/// The codes and states that look like this one, the nearest first; three at most.
pub(crate) fn near(code: &str) -> Vec<&'static str> {
    let wanted = code.to_ascii_lowercase();
    let mut found: Vec<(usize, &str)> = PAGES
        .iter()
        .map(|(known, _)| {
            let name = known.to_ascii_lowercase();
            let part = wanted.len() >= 4 && (name.contains(&wanted) || wanted.contains(&name));
            let distance = if part { 1 } else { distance(&wanted, &name) };
            (distance, *known)
        })
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .collect();
    found.sort_unstable();
    found.into_iter().take(3).map(|(_, known)| known).collect()
}

/// All codes, then the states that have a page, in order.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}

/// How many letters must be changed, added or left out.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for j in 0..other.len() {
            let change = diagonal + usize::from(letter != other[j]);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Cause;

    #[test]
    fn a_page_is_found_by_its_code() {
        assert!(page("loginrefused").unwrap().starts_with("# LoginRefused\n"));
        assert_eq!(page("README"), None);
    }

    #[test]
    fn notes_for_the_tests_are_left_out() {
        assert!(PAGES.iter().all(|(_, page)| !page.contains("<!--")));
    }

    #[test]
    fn a_near_miss_is_offered() {
        assert_eq!(near("LoginRefussed").first(), Some(&"LoginRefused"));
        assert!(near("Certificate").contains(&"CertificateExpired"));
        assert_eq!(near("xyzzy"), Vec::<&str>::new());
    }

    #[test]
    fn a_state_has_a_page() {
        let page = page("not-invocable").unwrap();
        assert!(page.starts_with("# not-invocable\n\n**Applications:** "));
        assert!(page.contains("\n\n**Do now:** "));
    }

    #[test]
    fn every_code_has_a_cause() {
        let codes = codes().filter(|code| code.starts_with(char::is_uppercase));
        let unknown: Vec<_> = codes.filter(|code| Cause::of(code) == Cause::Unknown).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }
}
