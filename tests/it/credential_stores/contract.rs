//! The contract of every credential store, whatever keeps its records.

use std::sync::Arc;

use mcp_oauth::{Store, StoreKey};
use tokio::task;

use super::{
    records::{SERVER, key, number, record},
    test_store::TestStore,
};

#[tokio::test]
async fn records_are_keyed_by_principal_server_and_issuer() {
    // N-AUTH-14
    let issuers = ["https://a.example", "https://b.example"];
    let servers = [SERVER, "https://mcp.example/mcp", "https://mcp.example/mcp/"];
    let long = "\u{1f980}/%_'\"\\\0 ".repeat(100);
    let principals = [None, Some(""), Some("ann"), Some("Ann"), Some(long.as_str())];
    for test_store in TestStore::all() {
        let store = test_store.open();
        let mut keys = Vec::new();
        for principal in principals {
            for server in servers {
                keys.extend(issuers.map(|issuer| StoreKey::new(principal, server, issuer)));
            }
        }
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(store.load(key).await.unwrap(), None, "{:?} {key:?}", test_store.kind);
            store.save(key, &record(at as u64)).await.unwrap();
        }
        let again = test_store.open();
        for (at, key) in keys.iter().enumerate() {
            let kept = again.load(key).await.unwrap().unwrap();
            assert_eq!(number(&kept), at as u64, "{:?} {key:?}", test_store.kind);
            let found = again.keys(key.principal.as_deref(), &key.server).await.unwrap();
            let wanted = issuers.map(|it| StoreKey::new(key.principal.as_deref(), &key.server, it));
            assert_eq!(found, wanted, "{:?}", test_store.kind);
        }
        for principal in principals {
            let mut wanted: Vec<_> =
                keys.iter().filter(|key| key.principal.as_deref() == principal).cloned().collect();
            wanted.sort();
            let found = again.keys_of_principal(principal).await.unwrap();
            assert_eq!(found, wanted, "{:?} {principal:?}", test_store.kind);
        }
        assert!(again.keys_of_principal(Some("bob")).await.unwrap().is_empty());
        assert!(again.keys(Some("ann"), "https://mcp.example/").await.unwrap().is_empty());
        assert!(again.keys(Some("bob"), SERVER).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn save_replaces_and_remove_deletes_a_record() {
    for test_store in TestStore::all() {
        let (store, other) = (test_store.open(), test_store.open());
        for number in [1, 2] {
            store.save(&key("ann"), &record(number)).await.unwrap();
            store.save(&key("bob"), &record(10 + number)).await.unwrap();
            assert_eq!(other.load(&key("ann")).await.unwrap(), Some(record(number)));
        }
        for _ in 0..2 {
            other.remove(&key("ann")).await.unwrap();
            assert_eq!(store.load(&key("ann")).await.unwrap(), None, "{:?}", test_store.kind);
            assert!(store.keys(Some("ann"), SERVER).await.unwrap().is_empty());
            assert!(store.keys_of_principal(Some("ann")).await.unwrap().is_empty());
        }
        assert_eq!(store.load(&key("bob")).await.unwrap(), Some(record(12)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_readers_see_either_the_old_or_the_new_record() {
    for test_store in TestStore::all() {
        test_store.open().save(&key("ann"), &record(0)).await.unwrap();
        let writers = (1..=3).map(|writer| {
            let store = test_store.open();
            task::spawn(async move {
                for round in 0..10 {
                    store.save(&key("ann"), &record(writer * 100 + round)).await.unwrap();
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        let store = test_store.open();
        while !writers.iter().all(task::JoinHandle::is_finished) {
            number(&store.load(&key("ann")).await.unwrap().unwrap());
            assert_eq!(store.keys(Some("ann"), SERVER).await.unwrap(), [key("ann")]);
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let last = number(&store.load(&key("ann")).await.unwrap().unwrap());
        assert!([109, 209, 309].contains(&last), "{:?}: {last}", test_store.kind);
    }
}

#[tokio::test]
async fn debug_output_and_encrypted_files_contain_no_tokens() {
    for test_store in TestStore::shared() {
        let store = test_store.open();
        store.save(&key("ann"), &record(1)).await.unwrap();
        crate::support::assert_no_secrets(&format!("{:?} {:?}", key("ann"), record(1)));
        if test_store.kind != super::test_store::StoreKind::File {
            let bytes = test_store.bytes();
            let clear = ["5ecret-access", "5ecret-client", "5ecret-dpop", "xxxxxxxx"];
            for secret in clear.map(str::as_bytes) {
                let found = bytes.windows(secret.len()).any(|bytes| bytes == secret);
                assert!(!found, "{:?} holds {secret:?}", test_store.kind);
            }
        }
        drop(Arc::clone(&store));
    }
}
