//! Records that are there and cannot be read.

use std::{fs, path::PathBuf};

use mcp_oauth::{Key, Store, Unreadable, UnreadableReason};
use serde_json::{Value, json};

use super::{
    records::{SERVER, key, number, record},
    test_store::{Home, Kind, keys},
};
use crate::{
    sign_in::support::{World, application},
    support::assert_no_secrets,
};

/// A record as it is kept: JSON, or a text that is its seal.
struct Kept {
    place: Place,
    record: Value,
    /// What the seal is tied to.
    purpose: String,
}

enum Place {
    File(PathBuf),
    Row(rusqlite::Connection, String),
}

impl Kept {
    fn of(home: &Home, key: &Key) -> Self {
        match home.kind {
            Kind::Sqlite => Self::row(home, key),
            _ => Self::file(home, key),
        }
    }

    fn file(home: &Home, key: &Key) -> Self {
        let key = serde_json::to_value(key).unwrap();
        let files = fs::read_dir(home.folder()).unwrap().map(|file| file.unwrap().path());
        let mut entries = files.filter_map(|path| {
            let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).ok()?;
            (json["key"] == key).then_some((path, json))
        });
        let (path, mut json) = entries.next().unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let purpose = name.replace(".json", ".record");
        Self { record: json["record"].take(), purpose, place: Place::File(path) }
    }

    fn row(home: &Home, key: &Key) -> Self {
        let database = rusqlite::Connection::open(home.folder().join("sign-ins.db")).unwrap();
        let principal = key.principal.clone().unwrap();
        let select = "SELECT sealed, server FROM records WHERE principal = ?1";
        let columns = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (sealed, server): (String, String) =
            database.query_row(select, [&principal], columns).unwrap();
        let (principal_json, issuer) = (json!(principal), json!(key.issuer));
        let purpose =
            format!(r#"{{"principal":{principal_json},"server":"{server}","issuer":{issuer}}}"#);
        Self { record: sealed.into(), purpose, place: Place::Row(database, principal) }
    }

    /// Puts a record there that is as sealed as the others are.
    fn write(&self, json: &str) {
        match &self.record {
            Value::String(_) => self.put(&keys(&[1]).seal(&self.purpose, json.as_bytes()).into()),
            _ => self.put(&serde_json::from_str(json).unwrap()),
        }
    }

    /// Puts something there that is kept as it is.
    fn put(&self, record: &Value) {
        match &self.place {
            Place::File(path) => {
                let mut json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
                json["record"] = record.clone();
                fs::write(path, json.to_string()).unwrap();
            }
            Place::Row(database, principal) => {
                let update = "UPDATE records SET sealed = ?2 WHERE principal = ?1";
                let sealed = record.as_str().unwrap();
                assert_eq!(database.execute(update, [principal, sealed]).unwrap(), 1);
            }
        }
    }
}

/// Ann's record cannot be read for a reason; that of Bob can, and hers can be replaced and removed.
async fn check(home: &Home, reason: UnreadableReason) {
    let store = home.open();
    let error = store.load(&key("ann")).await.unwrap_err();
    assert_no_secrets(&format!("{error} {error:?}"));
    assert!(error.to_string().ends_with("sign in again"), "{error}");
    let error: &Unreadable = error.downcast_ref().unwrap();
    assert_eq!((&error.key, error.reason), (&key("ann"), reason), "{:?}", home.kind);
    assert_eq!(store.keys(Some("ann"), SERVER).await.unwrap(), [key("ann")]);
    assert_eq!(number(&store.load(&key("bob")).await.unwrap().unwrap()), 2);
    store.save(&key("ann"), &record(3)).await.unwrap();
    assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 3);
}

#[tokio::test]
async fn unreadable_record_reports_its_reason_and_affects_no_other() {
    for home in Home::shared() {
        let store = home.open();
        for principal in ["ann", "bob"] {
            store.save(&key(principal), &record(2)).await.unwrap();
        }
        let ann = Kept::of(&home, &key("ann"));
        // The key of the keyring is not known here.
        if home.kind != Kind::Keyring {
            ann.write(r#"{"version":2,"record":{"something":"5ecret"}}"#);
            check(&home, UnreadableReason::Newer).await;
            for damaged in [r#"{"version":1,"record":{"other":"5ecret"}}"#, r#"{"5ecret":1}"#] {
                ann.write(damaged);
                check(&home, UnreadableReason::Damaged).await;
            }
        }
        // A text is no record, and this one is no seal either.
        ann.put(&"5ecret".into());
        check(&home, UnreadableReason::Sealed).await;
        if home.kind != Kind::File {
            // What Bob has is of no use to Ann.
            ann.put(&Kept::of(&home, &key("bob")).record);
            check(&home, UnreadableReason::Sealed).await;
        }
        ann.put(&"5ecret".into());
        store.remove(&key("ann")).await.unwrap();
        assert_eq!(store.load(&key("ann")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn sign_in_replaces_and_sign_out_removes_an_unreadable_record() {
    for home in Home::shared() {
        let world = World::start().await;
        let client = application().store(home.open()).build().unwrap();
        let ann = client.user("ann");
        world.sign_in(&client, &ann).await.unwrap();
        let key = Key::new(Some("ann"), world.server.url(), world.accounts.issuer());
        let break_it = || Kept::of(&home, &key).put(&"5ecret".into());

        break_it();
        let next = application().store(home.open()).build().unwrap();
        let ann = next.user("ann");
        let error = crate::support::describe_error(&world.call(&ann).await.unwrap_err());
        assert_no_secrets(&error.to_string());
        world.sign_in(&next, &ann).await.unwrap();
        assert_eq!(world.call(&ann).await.unwrap().text(), "hello", "{:?}", home.kind);

        break_it();
        ann.sign_out(&world.endpoint()).await.unwrap();
        assert_eq!(home.open().load(&key).await.unwrap(), None);
    }
}
