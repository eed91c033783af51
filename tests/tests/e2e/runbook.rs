//! Every code has a page, and every page a code.

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
    assert_eq!(codes, pages());
}

#[test]
fn a_page_begins_with_its_code_and_says_what_to_do() {
    for code in codes() {
        let page = fs::read_to_string(runbook().join(format!("{code}.md"))).expect("the page is there");
        assert!(page.starts_with(&format!("# {code}\n")), "{code}");
        for section in ["## State after it", "## Do"] {
            assert!(page.contains(section), "{code} has no {section:?}");
        }
    }
}

#[test]
fn the_index_names_every_code() {
    let index = fs::read_to_string(runbook().join("README.md")).expect("the index is there");
    for code in codes() {
        assert!(index.contains(&format!("({code}.md)")), "{code}");
    }
}

#[test]
fn codes_are_words_in_upper_camel_case() {
    for code in codes() {
        assert!(code.starts_with(|c: char| c.is_ascii_uppercase()), "{code}");
        assert!(code.chars().all(|c| c.is_ascii_alphanumeric()), "{code}");
    }
}
