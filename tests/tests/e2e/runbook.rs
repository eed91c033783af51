//! Every code has a page, and every page a code or a state's name. Each begins with what is broken for the applications.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn runbook() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/runbook")
}

fn codes() -> BTreeSet<&'static str> {
    [
        &rotation::codes()[..],
        &rotation::secrets::codes(),
        &rotation::password::codes(),
        rotate_postgres::CODES,
        rotate_postgres::ADMIN_CODES,
        rotate_postgres::RDS_CODES,
        rotate_postgres::ALTERNATING_CODES,
        rotate_api_key::CODES,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect()
}

fn pages() -> BTreeSet<String> {
    let files = fs::read_dir(runbook()).expect("docs/runbook is there");
    files
        .filter_map(|file| file.expect("it can be listed").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect()
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes: BTreeSet<String> = codes().into_iter().map(str::to_owned).collect();
    let (of_codes, of_states): (BTreeSet<_>, BTreeSet<_>) = pages()
        .into_iter()
        .partition(|name| name.starts_with(char::is_uppercase));
    assert_eq!(codes, of_codes);
    for state in of_states {
        assert!(
            state.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "{state}"
        );
    }
}

#[test]
fn a_page_begins_with_what_is_broken_and_one_safe_action() {
    for name in pages() {
        let page = fs::read_to_string(runbook().join(format!("{name}.md"))).expect("the page is there");
        let mut blocks = page.split("\n\n");
        assert_eq!(blocks.next(), Some(&*format!("# {name}")), "{name}");
        for label in ["**Applications:** ", "**Do now:** "] {
            let said = blocks.next().and_then(|block| block.strip_prefix(label));
            let said = said.unwrap_or_else(|| panic!("{name} does not begin with {label:?}"));
            assert!(
                said.ends_with(['.', '*', ')']),
                "{name}: {label:?} is not one paragraph"
            );
        }
        for section in ["## State after it", "## Do"] {
            assert!(page.contains(section), "{name} has no {section:?}");
        }
    }
}

#[test]
fn the_index_names_every_page() {
    let index = fs::read_to_string(runbook().join("README.md")).expect("the index is there");
    for name in pages() {
        assert!(index.contains(&format!("({name}.md)")), "{name}");
    }
}

#[test]
fn codes_are_words_in_upper_camel_case() {
    for code in codes() {
        assert!(code.starts_with(|c: char| c.is_ascii_uppercase()), "{code}");
        assert!(code.chars().all(|c| c.is_ascii_alphanumeric()), "{code}");
    }
}
