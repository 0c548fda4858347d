//! Records that exist and cannot be read.

use std::{fs, path::PathBuf};

use mcp_oauth::{InvalidRecord, InvalidRecordReason, Store, StoreKey};
use serde_json::{Value, json};

use super::{
    records::{SERVER, key, number, record},
    test_store::{StoreKind, TestStore, encryption_keys},
};
use crate::{
    sign_in::support::{OAuthFixture, client_builder},
    support::assert_no_secrets,
};

/// A record as it is stored: JSON, or an encrypted string.
struct StoredRecord {
    location: Location,
    record: Value,
    /// The associated data of the encryption.
    purpose: String,
}

enum Location {
    File(PathBuf),
    Row(rusqlite::Connection, String),
}

impl StoredRecord {
    fn of(test_store: &TestStore, key: &StoreKey) -> Self {
        match test_store.kind {
            StoreKind::Sqlite => Self::row(test_store, key),
            _ => Self::file(test_store, key),
        }
    }

    fn file(test_store: &TestStore, key: &StoreKey) -> Self {
        let key = serde_json::to_value(key).unwrap();
        let files = fs::read_dir(test_store.folder()).unwrap().map(|file| file.unwrap().path());
        let mut entries = files.filter_map(|path| {
            let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).ok()?;
            (json["key"] == key).then_some((path, json))
        });
        let (path, mut json) = entries.next().unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let purpose = name.replace(".json", ".record");
        Self { record: json["record"].take(), purpose, location: Location::File(path) }
    }

    fn row(test_store: &TestStore, key: &StoreKey) -> Self {
        let database = rusqlite::Connection::open(test_store.folder().join("sign-ins.db")).unwrap();
        let principal = key.principal.clone().unwrap();
        let select = "SELECT sealed, server FROM records WHERE principal = ?1";
        let columns = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (sealed, server): (String, String) =
            database.query_row(select, [&principal], columns).unwrap();
        let (principal_json, issuer) = (json!(principal), json!(key.issuer));
        let purpose =
            format!(r#"{{"principal":{principal_json},"server":"{server}","issuer":{issuer}}}"#);
        Self { record: sealed.into(), purpose, location: Location::Row(database, principal) }
    }

    /// Replaces the record, encrypted if the store encrypts.
    fn write(&self, json: &str) {
        match &self.record {
            Value::String(_) => {
                self.write_raw(
                    &encryption_keys(&[1]).encrypt(&self.purpose, json.as_bytes()).into(),
                );
            }
            _ => self.write_raw(&serde_json::from_str(json).unwrap()),
        }
    }

    /// Replaces the stored form of the record.
    fn write_raw(&self, record: &Value) {
        match &self.location {
            Location::File(path) => {
                let mut json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
                json["record"] = record.clone();
                fs::write(path, json.to_string()).unwrap();
            }
            Location::Row(database, principal) => {
                let update = "UPDATE records SET sealed = ?2 WHERE principal = ?1";
                let sealed = record.as_str().unwrap();
                assert_eq!(database.execute(update, [principal, sealed]).unwrap(), 1);
            }
        }
    }
}

/// Asserts that Ann's record cannot be read for this reason.
///
/// Bob's record can still be read, and Ann's can be replaced.
async fn assert_unreadable(test_store: &TestStore, reason: InvalidRecordReason) {
    let store = test_store.open();
    let error = store.load(&key("ann")).await.unwrap_err();
    assert_no_secrets(&format!("{error} {error:?}"));
    assert!(error.to_string().ends_with("sign in again"), "{error}");
    let error: &InvalidRecord = error.downcast_ref().unwrap();
    assert_eq!((&error.key, error.reason), (&key("ann"), reason), "{:?}", test_store.kind);
    assert_eq!(store.keys(Some("ann"), SERVER).await.unwrap(), [key("ann")]);
    assert_eq!(number(&store.load(&key("bob")).await.unwrap().unwrap()), 2);
    store.save(&key("ann"), &record(3)).await.unwrap();
    assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 3);
}

#[tokio::test]
async fn unreadable_record_reports_its_reason_and_affects_no_other() {
    for test_store in TestStore::shared() {
        let store = test_store.open();
        for principal in ["ann", "bob"] {
            store.save(&key(principal), &record(2)).await.unwrap();
        }
        let ann = StoredRecord::of(&test_store, &key("ann"));
        // The test does not know the key in the keyring.
        if test_store.kind != StoreKind::Keyring {
            ann.write(r#"{"version":2,"record":{"something":"5ecret"}}"#);
            assert_unreadable(&test_store, InvalidRecordReason::NewerVersion).await;
            for damaged in [r#"{"version":1,"record":{"other":"5ecret"}}"#, r#"{"5ecret":1}"#] {
                ann.write(damaged);
                assert_unreadable(&test_store, InvalidRecordReason::Corrupt).await;
            }
        }
        // A string is not a record, and this string is not an encrypted record either.
        ann.write_raw(&"5ecret".into());
        assert_unreadable(&test_store, InvalidRecordReason::CannotDecrypt).await;
        if test_store.kind != StoreKind::Sqlite {
            // A SQLite store cannot decrypt the URL of the server, and returns its digest.
            assert_eq!(store.keys_of_principal(Some("ann")).await.unwrap(), [key("ann")]);
        }
        if test_store.kind != StoreKind::File {
            // Bob's record cannot be used as Ann's.
            ann.write_raw(&StoredRecord::of(&test_store, &key("bob")).record);
            assert_unreadable(&test_store, InvalidRecordReason::CannotDecrypt).await;
        }
        ann.write_raw(&"5ecret".into());
        store.remove(&key("ann")).await.unwrap();
        assert_eq!(store.load(&key("ann")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn sign_in_replaces_and_sign_out_removes_an_unreadable_record() {
    for test_store in TestStore::shared() {
        let fixture = OAuthFixture::start().await;
        let client = client_builder().store(test_store.open()).build().unwrap();
        let ann = client.user("ann");
        fixture.sign_in(&client, &ann).await.unwrap();
        let key =
            StoreKey::new(Some("ann"), fixture.server.url(), fixture.authorization_server.issuer());
        let break_it = || StoredRecord::of(&test_store, &key).write_raw(&"5ecret".into());

        break_it();
        let next = client_builder().store(test_store.open()).build().unwrap();
        let ann = next.user("ann");
        let error = crate::support::describe_error(&fixture.call(&ann).await.unwrap_err());
        assert_no_secrets(&error.to_string());
        fixture.sign_in(&next, &ann).await.unwrap();
        assert_eq!(fixture.call(&ann).await.unwrap().text(), "hello", "{:?}", test_store.kind);

        break_it();
        ann.sign_out(&fixture.endpoint()).await.unwrap();
        assert_eq!(test_store.open().load(&key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn file_of_another_key_is_not_read() {
    for test_store in TestStore::shared() {
        if test_store.kind == StoreKind::Sqlite {
            // A row holds its own key.
            continue;
        }
        let store = test_store.open();
        for principal in ["ann", "bob"] {
            store.save(&key(principal), &record(2)).await.unwrap();
        }
        let path = |principal| match StoredRecord::of(&test_store, &key(principal)).location {
            Location::File(path) => path,
            Location::Row(..) => panic!("the store has no files"),
        };
        fs::copy(path("ann"), path("bob")).unwrap();
        let error = store.load(&key("bob")).await.unwrap_err();
        let error: &InvalidRecord = error.downcast_ref().unwrap();
        assert_eq!(error.reason, InvalidRecordReason::Corrupt, "{:?}", test_store.kind);
        assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 2);
    }
}

#[tokio::test]
async fn file_is_read_up_to_1_mib() {
    for test_store in TestStore::shared() {
        // The test does not know the key in the keyring, and rows have no such limit.
        if matches!(test_store.kind, StoreKind::Sqlite | StoreKind::Keyring) {
            continue;
        }
        let store = test_store.open();
        store.save(&key("ann"), &record(2)).await.unwrap();
        let Location::File(path) = StoredRecord::of(&test_store, &key("ann")).location else {
            panic!("the store has no files");
        };
        let mut json = fs::read(&path).unwrap();
        json.resize(1024 * 1024, b' ');
        fs::write(&path, &json).unwrap();
        assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 2);
        json.push(b' ');
        fs::write(&path, &json).unwrap();
        let error = store.load(&key("ann")).await.unwrap_err().to_string();
        assert!(error.contains("larger than 1048576 bytes"), "{error}");
        assert_no_secrets(&error);
    }
}
