//! The same with the keyring of a real desktop.

#![cfg(target_os = "linux")]

use std::{env, process::Command};

use mcp_oauth::Store;
use peers::Desktop;

use super::{
    records::{key, number, record},
    test_store::{Home, KEYRING, Kind},
};

/// Those that are for stores of every kind.
const TESTS: [&str; 4] = [
    "credential_stores::contract",
    "credential_stores::locks",
    "credential_stores::unreadable_records",
    "credential_stores::crashes::a_crash_before",
];

/// This program's tests with a keyring that is not the one of whoever runs them.
fn with_keyring(bus: &str) -> Command {
    let mut tests = Command::new(env::current_exe().unwrap());
    tests.env("DBUS_SESSION_BUS_ADDRESS", bus).env(KEYRING, "tests");
    tests
}

#[track_caller]
fn passes(mut tests: Command, wanted: &str) {
    let output = tests.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(wanted), "{said}");
}

#[test]
fn all_that_holds_of_stores_holds_of_it() {
    let Some(desktop) = Desktop::start() else { return };
    let mut tests = with_keyring(desktop.bus());
    tests.args(TESTS);
    passes(tests, "a_crash_before_any_step_loses_no_refresh_token_that_is_stored ... ok");
}

/// Not a test by itself, but what the next one runs where there is a keyring.
#[tokio::test]
async fn process() {
    let Ok(name) = env::var(KEYRING) else { return };
    let home = Home::new(Kind::Keyring);
    let opening = (0..4).map(|_| {
        let (name, folder) = (name.clone(), home.folder().to_owned());
        std::thread::spawn(move || mcp_oauth_keyring::open(&name, folder).unwrap())
    });
    let opening: Vec<_> = opening.collect();
    let stores: Vec<_> = opening.into_iter().map(|it| it.join().unwrap()).collect();
    stores[0].save(&key("ann"), &record(7)).await.unwrap();
    for store in &stores {
        assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 7);
    }
}

#[test]
fn many_who_find_no_key_make_one() {
    let Some(desktop) = Desktop::start() else { return };
    let mut tests = with_keyring(desktop.bus());
    tests.args(["--exact", "credential_stores::keyring::process"]);
    passes(tests, "credential_stores::keyring::process ... ok");
}

#[track_caller]
fn fails(mut tests: Command, wanted: &str) {
    tests.args(["--exact", "credential_stores::keyring::process"]);
    let output = tests.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains(wanted), "{said}");
}

#[test]
fn a_keyring_that_nobody_unlocks_is_an_error() {
    let Some(desktop) = Desktop::start() else { return };
    desktop.lock();
    fails(with_keyring(desktop.bus()), r#"Unavailable { source: "it was not unlocked" }"#);
}

#[test]
fn no_keyring_is_an_error() {
    let home = Home::new(Kind::Keyring);
    let nowhere = format!("unix:path={}", home.folder().join("nothing").display());
    fails(with_keyring(&nowhere), "Unavailable { source: ");
}
