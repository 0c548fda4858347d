//! The store tests with the keyring of a real desktop session.

#![cfg(target_os = "linux")]

use std::{env, process::Command};

use mcp_oauth::Store;
use peers::Desktop;

use super::{
    records::{key, number, record},
    test_store::{KEYRING, StoreKind, TestStore},
};

/// The tests that run with every kind of store.
const STORE_TESTS: [&str; 4] = [
    "credential_stores::contract",
    "credential_stores::locks",
    "credential_stores::unreadable_records",
    "credential_stores::crashes::crash_before",
];

/// The test that opens folders in a process of its own.
const ENTRY_POINT: &str = "credential_stores::keyring::keyring_process_entry_point";

/// Runs this test binary with the keyring of the given session bus, not the user's own keyring.
fn tests_with_keyring(bus: &str) -> Command {
    let mut tests = Command::new(env::current_exe().unwrap());
    tests.env("DBUS_SESSION_BUS_ADDRESS", bus).env(KEYRING, "tests");
    tests
}

#[track_caller]
fn assert_passes(mut tests: Command, wanted: &str) {
    let output = tests.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains(wanted), "{stdout}");
}

#[test]
fn keyring_store_passes_the_tests_of_all_stores() {
    let Some(desktop) = Desktop::start() else { return };
    // The tests start processes with folders of their own, so the key must exist before.
    let mut opening = tests_with_keyring(desktop.bus());
    opening.args(["--exact", ENTRY_POINT]);
    assert_passes(opening, "1 passed");
    let mut tests = tests_with_keyring(desktop.bus());
    tests.args(STORE_TESTS);
    assert_passes(tests, "crash_before_any_system_call_keeps_the_stored_refresh_token ... ok");
}

/// Not a test: the entry point of the next tests in a process with a keyring.
#[tokio::test]
async fn keyring_process_entry_point() {
    let Ok(name) = env::var(KEYRING) else { return };
    let folders = [(); 2].map(|()| TestStore::new(StoreKind::Keyring));
    let open = |folder: &TestStore| {
        let (name, folder) = (name.clone(), folder.folder().to_owned());
        std::thread::spawn(move || mcp_oauth_keyring::open(&name, folder).unwrap())
    };
    let opening: Vec<_> = (0..4).map(|number| open(&folders[number % 2])).collect();
    let stores: Vec<_> = opening.into_iter().map(|it| it.join().unwrap()).collect();
    for store in &stores[..2] {
        store.save(&key("ann"), &record(7)).await.unwrap();
    }
    for store in &stores {
        assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 7);
    }
    // A later opening finds the same key.
    for folder in &folders {
        let store = open(folder).join().unwrap();
        assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 7);
    }
}

#[test]
fn concurrent_first_openings_create_one_key() {
    let Some(desktop) = Desktop::start() else { return };
    let mut tests = tests_with_keyring(desktop.bus());
    tests.args(["--exact", ENTRY_POINT]);
    assert_passes(tests, "credential_stores::keyring::keyring_process_entry_point ... ok");
}

#[track_caller]
fn assert_fails(mut tests: Command, wanted: &str) {
    tests.args(["--exact", ENTRY_POINT]);
    let output = tests.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && stdout.contains(wanted), "{stdout}");
}

#[test]
fn locked_keyring_is_an_error() {
    let Some(desktop) = Desktop::start() else { return };
    desktop.lock();
    assert_fails(
        tests_with_keyring(desktop.bus()),
        r#"Unavailable { source: "the user did not unlock it" }"#,
    );
}

#[test]
fn missing_keyring_is_an_error() {
    let test_store = TestStore::new(StoreKind::Keyring);
    let nowhere = format!("unix:path={}", test_store.folder().join("nothing").display());
    assert_fails(tests_with_keyring(&nowhere), "Unavailable { source: ");
}
