//! The SQLite store: file permissions, encryption keys, concurrent processes.

use std::fs;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_oauth::{Record, Store, StoreKey};
use mcp_oauth_sqlite::{Error, SqliteStore};
use serde_json::json;

use super::{
    records::{SERVER, key, number, record},
    test_store::{StoreKind, TestStore, encryption_keys},
};

fn open(test_store: &TestStore, bytes: &[u8]) -> SqliteStore {
    SqliteStore::open(test_store.folder().join("sign-ins.db"), encryption_keys(bytes)).unwrap()
}

fn files_contain(test_store: &TestStore, text: &str) -> bool {
    test_store.bytes().windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

#[tokio::test]
async fn database_files_contain_no_plaintext_secret() {
    let test_store = TestStore::new(StoreKind::Sqlite);
    let store = open(&test_store, &[1]);
    for number in 0..20 {
        store.save(&key("ann"), &record(number)).await.unwrap();
    }
    let check = || {
        // The records are in the files.
        assert!(files_contain(&test_store, "https://login.example"));
        for secret in ["5ecret", "xxxxxxxx", "mcp.example", "refresh_token"] {
            assert!(!files_contain(&test_store, secret), "{secret}");
        }
    };
    // First in the write-ahead log, and then in the database after the last connection is closed.
    assert!(test_store.folder().join("sign-ins.db-wal").metadata().unwrap().len() > 0);
    check();
    drop(store);
    check();
}

#[tokio::test]
async fn server_url_is_stored_as_its_sha256_digest() {
    let test_store = TestStore::new(StoreKind::Sqlite);
    open(&test_store, &[1]).save(&key("ann"), &record(1)).await.unwrap();
    let database = rusqlite::Connection::open(test_store.folder().join("sign-ins.db")).unwrap();
    let select = "SELECT server FROM records";
    let kept: String = database.query_row(select, (), |row| row.get(0)).unwrap();
    assert_eq!(kept, digest(SERVER));
}

#[cfg(unix)]
#[tokio::test]
async fn database_files_are_readable_by_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let test_store = TestStore::new(StoreKind::Sqlite);
    let store = open(&test_store, &[1]);
    store.save(&key("ann"), &record(1)).await.unwrap();
    let mut files = Vec::new();
    for file in fs::read_dir(test_store.folder()).unwrap() {
        let path = file.unwrap().path();
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        let private = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, private, "{}", path.display());
        files.push(path);
    }
    assert_eq!(files.len(), 4, "{files:?}");
}

#[tokio::test]
async fn encryption_key_is_rotated_while_the_store_is_in_use() {
    let test_store = TestStore::new(StoreKind::Sqlite);
    let principals: Vec<_> = (0..450).map(|number| format!("user-{number}")).collect();
    let old = open(&test_store, &[1]);
    for principal in &principals {
        old.save(&key(principal), &record(1)).await.unwrap();
    }
    // First all processes can decrypt with the new key, then all encrypt with it.
    let (one, other) = (open(&test_store, &[1, 2]), open(&test_store, &[2, 1]));
    other.save(&key("user-0"), &record(2)).await.unwrap();
    assert_eq!(number(&one.load(&key("user-0")).await.unwrap().unwrap()), 2);
    one.save(&key("user-1"), &record(3)).await.unwrap();
    assert_eq!(number(&other.load(&key("user-1")).await.unwrap().unwrap()), 3);

    let reencrypted = other.reencrypt().await.unwrap();
    assert_eq!((reencrypted.reencrypted, reencrypted.unreadable), (449, 0));
    let reencrypted = other.reencrypt().await.unwrap();
    assert_eq!((reencrypted.reencrypted, reencrypted.unreadable), (0, 0));
    let new = open(&test_store, &[2]);
    for principal in &principals {
        new.load(&key(principal)).await.unwrap().unwrap();
    }
    assert_eq!(open(&test_store, &[3]).reencrypt().await.unwrap().unreadable, 450);
}

/// Encrypts a row as earlier versions did: without the URL of the server.
fn write_old_row(test_store: &TestStore, key: &StoreKey, record: &Record) {
    let database = rusqlite::Connection::open(test_store.folder().join("sign-ins.db")).unwrap();
    let (server, StoreKey { principal, issuer, .. }) = (digest(&key.server), key);
    let purpose = json!(principal).to_string();
    let purpose = format!(r#"{{"principal":{purpose},"server":"{server}","issuer":"{issuer}"}}"#);
    let sealed = encryption_keys(&[1]).encrypt(&purpose, &record.to_json());
    let insert = "INSERT INTO records (principal, server, issuer, sealed) VALUES (?1, ?2, ?3, ?4)";
    database.execute(insert, (principal, server, issuer, sealed)).unwrap();
}

fn digest(server: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, server.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

#[tokio::test]
async fn rows_of_earlier_versions_are_listed_loaded_and_removed() {
    let test_store = TestStore::new(StoreKind::Sqlite);
    let store = open(&test_store, &[1]);
    // The resource identifier of the record is the URL of the server, without the query.
    let known = StoreKey::new(Some("ann"), "https://mcp.example/mcp", "https://login.example");
    let with_slash =
        StoreKey::new(Some("ann"), "https://mcp.example/mcp/", "https://login.example");
    for key in [&key("ann"), &known, &with_slash] {
        write_old_row(&test_store, key, &record(1));
        assert_eq!(number(&store.load(key).await.unwrap().unwrap()), 1);
    }
    let unknown =
        StoreKey::new(Some("ann"), format!("sha256:{}", digest(SERVER)), "https://login.example");
    let keys = store.keys_of_principal(Some("ann")).await.unwrap();
    assert_eq!(keys, [known, with_slash, unknown.clone()]);
    assert_eq!(number(&store.load(&unknown).await.unwrap().unwrap()), 1);
    store.remove(&unknown).await.unwrap();
    assert_eq!(store.load(&key("ann")).await.unwrap(), None);

    // A refresh stores the URL.
    store.save(&key("ann"), &record(2)).await.unwrap();
    let keys = store.keys_of_principal(Some("ann")).await.unwrap();
    assert_eq!(keys.last(), Some(&key("ann")));
}

#[test]
fn concurrent_first_openings_all_succeed() {
    for _ in 0..5 {
        let test_store = TestStore::new(StoreKind::Sqlite);
        std::thread::scope(|scope| {
            let opening = (0..8).map(|_| scope.spawn(|| open(&test_store, &[1])));
            let opening: Vec<_> = opening.collect();
            opening.into_iter().for_each(|it| drop(it.join().unwrap()));
        });
    }
}

#[test]
fn foreign_or_unusable_file_is_an_error_and_not_changed() {
    let test_store = TestStore::new(StoreKind::Sqlite);
    let path = test_store.folder().join("app.db");
    let app = rusqlite::Connection::open(&path).unwrap();
    app.execute_batch("CREATE TABLE users (name TEXT)").unwrap();
    let error = SqliteStore::open(&path, encryption_keys(&[1])).unwrap_err();
    assert!(matches!(error, Error::ForeignDatabase { .. }), "{error}");

    let path = test_store.folder().join("notes.txt");
    fs::write(
        &path,
        "not a database, but long enough to be taken for the header of one ".repeat(9),
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    let error = SqliteStore::open(&path, encryption_keys(&[1])).unwrap_err();
    assert!(matches!(error, Error::Failed { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let error = SqliteStore::open(test_store.folder().join("none/app.db"), encryption_keys(&[1]))
        .unwrap_err();
    assert!(matches!(error, Error::Failed { .. }), "{error}");
}

#[tokio::test]
async fn save_waits_for_the_transaction_of_another_connection() {
    let test_store = TestStore::new(StoreKind::Sqlite);
    let store = open(&test_store, &[1]);
    let other = rusqlite::Connection::open(test_store.folder().join("sign-ins.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.load(&key("ann")).await.unwrap();
    let (ann, one) = (key("ann"), record(1));
    let mut saving = store.save(&ann, &one);
    assert!(futures_util::poll!(&mut saving).is_pending());
    other.execute_batch("COMMIT").unwrap();
    crate::support::with_timeout(saving).await.unwrap();
}
