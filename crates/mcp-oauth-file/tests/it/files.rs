//! What is in the folder, and who may read it.

use std::fs;

use futures_util::FutureExt;
use mcp_oauth::{Key, SealingKey, Store};
use mcp_oauth_file::FileStore;

use crate::support::{Folder, key, number, record};

#[tokio::test]
async fn records_are_kept_by_principal_server_and_issuer() {
    let folder = Folder::new();
    let keys =
        [key("ann"), key("bob"), Key::new(None, "https://mcp.example/mcp", "https://b.example")];
    let store = folder.store();
    for (at, key) in keys.iter().enumerate() {
        store.save(key, &record(at as u64)).await.unwrap();
    }
    // Whoever opens it again finds the same.
    let store = folder.store();
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(number(&store.load(key).await.unwrap().unwrap()), at as u64);
    }
    assert_eq!(store.keys(Some("ann"), "https://mcp.example/mcp").await.unwrap(), [key("ann")]);
    assert_eq!(store.keys(None, "https://mcp.example/mcp").await.unwrap(), [keys[2].clone()]);
    assert!(store.keys(Some("ann"), "https://other.example/").await.unwrap().is_empty());
    store.remove(&keys[0]).await.unwrap();
    store.remove(&keys[0]).await.unwrap();
    assert!(store.load(&keys[0]).await.unwrap().is_none());
    assert_eq!(store.all_keys().await.unwrap().len(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_but_the_owner_reads_them() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    folder.store().save(&key("ann"), &record(1)).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    for file in fs::read_dir(folder.path()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn what_is_no_record_is_an_error_that_quotes_nothing() {
    let folder = Folder::new();
    let store = folder.store();
    store.save(&key("ann"), &record(1)).await.unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            fs::write(path, "{\"s3cret").unwrap();
        }
    }
    let error = store.load(&key("ann")).await.unwrap_err().to_string();
    assert!(error.ends_with("is damaged: sign in again") && !error.contains("s3cret"), "{error}");
    // Whose it is, is in it.
    let error = store.keys(Some("ann"), "https://mcp.example/mcp").await.unwrap_err().to_string();
    assert!(error.ends_with(".json is damaged: remove it, and sign in again"), "{error}");
    // It keeps nobody from others.
    store.save(&key("bob"), &record(3)).await.unwrap();
    assert_eq!(store.keys(Some("bob"), "https://mcp.example/mcp").await.unwrap(), [key("bob")]);
    assert_eq!(store.all_keys().await.unwrap(), [key("bob")]);
    store.save(&key("ann"), &record(2)).await.unwrap();
    assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_of_one_at_a_time_and_one_key() {
    let folder = Folder::new();
    let (one, other) = (folder.store(), folder.store());
    let held = one.lock(&key("ann")).await.unwrap();
    other.lock(&key("bob")).await.unwrap();
    let (ann, mut order) = (key("ann"), Vec::new());
    let mut waiting = other.lock(&ann);
    assert!((&mut waiting).now_or_never().is_none());
    order.push("first");
    drop(held);
    drop(waiting.await.unwrap());
    order.push("second");
    assert_eq!(order, ["first", "second"]);
}

#[tokio::test]
async fn a_sealed_folder_holds_no_token_and_opens_to_its_keys() {
    let folder = Folder::new();
    let sealed = |bytes| FileStore::sealed(folder.path(), SealingKey::new(bytes)).unwrap();
    sealed(&[1; 32]).save(&key("ann"), &record(1)).await.unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("s3cret") && !text.contains("xxxx"), "{text}");
    }
    assert_eq!(number(&sealed(&[1; 32]).load(&key("ann")).await.unwrap().unwrap()), 1);
    // Neither without the keys, nor with others; and what is not sealed is no record here.
    for store in [folder.store(), sealed(&[2; 32])] {
        let error = store.load(&key("ann")).await.unwrap_err().to_string();
        assert!(error.contains("is sealed with none of the given keys"), "{error}");
        assert_eq!(store.all_keys().await.unwrap(), [key("ann")]);
    }
    folder.store().save(&key("ann"), &record(2)).await.unwrap();
    sealed(&[1; 32]).load(&key("ann")).await.unwrap_err();
}
