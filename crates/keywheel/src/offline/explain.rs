//! The runbook, compiled in.

use strum::VariantArray as _;

use crate::diagnosis::{Cause, Obstacle, State};

/// Names and their texts.
type Texts = &'static [(&'static str, &'static str)];

/// The code of an error or the name of a state, and its page; then the sections of the first page, by their links.
const RUNBOOK: (Texts, Texts) = include!(concat!(env!("OUT_DIR"), "/pages.rs"));
const PAGES: Texts = RUNBOOK.0;

fn find(texts: Texts, name: &str) -> Option<&'static str> {
    let text = texts.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    text.map(|(_, text)| *text)
}

/// The page of a code or a state, however its letters are written.
pub(crate) fn page(code: &str) -> Option<&'static str> {
    find(PAGES, code)
}

/// What there is to say of a code, a state, a cause, a finding about the network, or a section of the runbook's first page.
pub(crate) fn explain(name: &str) -> Option<String> {
    let written = page(name).or_else(|| find(RUNBOOK.1, name)).map(with_doctor);
    written
        .or_else(|| state(name))
        .or_else(|| cause(name))
        .or_else(|| obstacle(name))
}

/// The runbook's `login` is a shell function of its own. This program has a command that does the same.
fn with_doctor(text: &str) -> String {
    match text.split_once("\n\n") {
        Some((title, rest)) if rest.contains("`login AWS") => format!(
            "{title}\n\n`keywheel doctor SECRET --login` tries AWSCURRENT and AWSPENDING. `login` does that by hand: \
             `keywheel explain before-you-type`.\n\n{rest}"
        ),
        _ => text.to_owned(),
    }
}

/// A state without a page.
fn state(name: &str) -> Option<String> {
    let state = State::VARIANTS.iter().find(|state| state.name() == name)?;
    let meaning = state.meaning();
    Some(format!(
        "# {name}\n\nA state: {meaning}. `keywheel doctor SECRET` says whether applications can log in, and what to type."
    ))
}

/// A cause, and the pages of its codes.
fn cause(name: &str) -> Option<String> {
    let cause = Cause::VARIANTS.iter().find(|cause| cause.name() == name)?;
    let codes: Vec<_> = codes().filter(|code| Cause::of(code) == *cause).collect();
    let meaning = cause.meaning();
    let pages = match codes.as_slice() {
        [] => String::new(),
        codes => format!(
            "\n\nThe codes that stand for it, each with a page: {}.",
            codes.join(", ")
        ),
    };
    Some(format!("# {name}\n\nA cause: {meaning}.{pages}"))
}

/// What stands in the way in a network.
fn obstacle(name: &str) -> Option<String> {
    let obstacle = Obstacle::VARIANTS
        .iter()
        .find(|obstacle| obstacle.name() == name)?;
    let meaning = obstacle.meaning();
    Some(format!(
        "# {name}\n\nA finding about the function's network: {meaning}. `keywheel doctor SECRET` says where, and what to type."
    ))
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

    #[test]
    fn a_page_that_says_login_names_the_command_that_does_it() {
        let text = explain("CurrentMoved").unwrap();
        assert!(
            text.contains("`keywheel doctor SECRET --login` tries AWSCURRENT"),
            "{text}"
        );
        let text = explain("HostUnknown").unwrap();
        assert!(!text.contains("tries AWSCURRENT"), "{text}");
    }

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
    fn every_name_that_doctor_gives_is_explained() {
        let states = State::VARIANTS.iter().map(|state| state.name());
        let causes = Cause::VARIANTS.iter().map(|cause| cause.name());
        let obstacles = Obstacle::VARIANTS.iter().map(|obstacle| obstacle.name());
        for name in states.chain(causes).chain(obstacles) {
            assert!(explain(name).is_some_and(|text| text.starts_with("# ")), "{name}");
        }
        let text = explain("credential-wrong").unwrap();
        assert!(text.contains("LoginRefused"), "{text}");
        assert_eq!(explain("xyzzy"), None);
    }

    #[test]
    fn what_a_page_links_to_can_be_read_as_well() {
        for (name, page) in PAGES.iter().chain(RUNBOOK.1) {
            assert!(!page.contains("](#") && !page.contains("](README"), "{name}");
            for part in page.split("keywheel explain ").skip(1) {
                let word: String = part
                    .chars()
                    .take_while(|letter| letter.is_alphanumeric() || *letter == '-')
                    .collect();
                assert!(explain(&word).is_some(), "{name}: {word}");
            }
        }
        assert!(
            explain("nobody-logs-in")
                .unwrap()
                .starts_with("# Nobody logs in\n")
        );
    }

    #[test]
    fn every_code_has_a_cause() {
        let codes = codes().filter(|code| code.starts_with(char::is_uppercase));
        let unknown: Vec<_> = codes.filter(|code| Cause::of(code) == Cause::Unknown).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }
}
