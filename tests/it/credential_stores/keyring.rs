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
    "credential_stores::crashes::crash_before",
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
fn keyring_store_passes_the_tests_of_all_stores() {
    let Some(desktop) = Desktop::start() else { return };
    let mut tests = with_keyring(desktop.bus());
    tests.args(TESTS);
    passes(tests, "crash_before_any_system_call_keeps_the_stored_refresh_token ... ok");
}

/// Not a test by itself, but what the next one runs where there is a keyring.
#[tokio::test]
async fn keyring_process_entry_point() {
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
fn concurrent_first_openings_create_one_key() {
    let Some(desktop) = Desktop::start() else { return };
    let mut tests = with_keyring(desktop.bus());
    tests.args(["--exact", "credential_stores::keyring::keyring_process_entry_point"]);
    passes(tests, "credential_stores::keyring::keyring_process_entry_point ... ok");
}

#[track_caller]
fn fails(mut tests: Command, wanted: &str) {
    tests.args(["--exact", "credential_stores::keyring::keyring_process_entry_point"]);
    let output = tests.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains(wanted), "{said}");
}

#[test]
fn locked_keyring_is_an_error() {
    let Some(desktop) = Desktop::start() else { return };
    desktop.lock();
    fails(with_keyring(desktop.bus()), r#"Unavailable { source: "it was not unlocked" }"#);
}

#[test]
fn missing_keyring_is_an_error() {
    let home = Home::new(Kind::Keyring);
    let nowhere = format!("unix:path={}", home.folder().join("nothing").display());
    fails(with_keyring(&nowhere), "Unavailable { source: ");
}
