//! `SECURITY.md` names the test that proves each guarantee, so each of these tests must exist.

use std::{fs, path::Path};

/// Returns the texts in backticks that are paths of tests.
fn named_tests(page: &str) -> Vec<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.contains("::")).collect()
}

fn exists(test: &str) -> bool {
    let Some((module, function)) = test.rsplit_once("::") else {
        return false;
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("it")
        .join(module.replace("::", "/"))
        .with_extension("rs");
    fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {function}(")))
}

#[test]
fn each_test_that_the_page_names_exists() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../SECURITY.md");
    let page = fs::read_to_string(page).unwrap();
    let tests = named_tests(&page);
    assert!(tests.len() > 20, "{tests:?}");
    let missing: Vec<_> = tests.into_iter().filter(|test| !exists(test)).collect();
    assert!(missing.is_empty(), "SECURITY.md names tests that do not exist: {missing:#?}");
}
