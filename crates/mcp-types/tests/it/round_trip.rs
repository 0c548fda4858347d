//! Generated values of every definition are read and printed. The output equals the input.

use std::{fs, path::Path};

use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{TestCaseError, TestRunner},
};
use serde_json::Value;

use crate::support::{
    definitions::{self, Definition, same},
    value_generator::Generator,
};

#[test]
fn generated_values_of_2025_11_25_print_back() {
    check_all("2025-11-25");
}

#[test]
fn generated_values_of_2026_07_28_print_back() {
    check_all("2026-07-28");
}

fn check_all(revision: &str) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    let schema = fs::read_to_string(schema.join(revision).join("schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    for definition in definitions::of(revision) {
        for choices in [&[][..], &[1; 2000], &[2; 2000], &[3; 2000]] {
            check(definition, &schema["$defs"], choices).unwrap();
        }
        let mut runner = TestRunner::new(property_tests::config_with_cases(48));
        let passed = runner.run(&vec(any::<u8>(), 0..500), |choices| {
            check(definition, &schema["$defs"], &choices).map_err(TestCaseError::fail)
        });
        passed.unwrap();
    }
}

/// Generates a value from `choices`, reads and prints it, and reads and prints the output again.
fn check(definition: &Definition, definitions: &Value, choices: &[u8]) -> Result<(), String> {
    let (value, unknown) = Generator::new(definitions, choices).make(definition.name);
    let fail = |what: &str, why: &dyn std::fmt::Debug| {
        format!("{} {what}: {why:?}\n    {value}", definition.name)
    };
    let once = (definition.pass)(&value.to_string()).map_err(|why| fail("is refused", &why))?;
    if !same(&once.printed, &value) {
        return Err(fail("prints back as", &once.printed.to_string()));
    }
    if !unknown && once.shown.contains("Unknown(") {
        return Err(fail("is in no variant of its own", &once.shown));
    }
    let twice = (definition.pass)(&once.printed.to_string());
    match twice {
        Ok(twice) if twice == once => Ok(()),
        other => Err(fail("changes when it is read again", &other)),
    }
}
