//! The content and permissions of the files. The workspace tests cover the behaviour of all stores.

use std::fs;

use mcp_oauth::{EncryptionKey, Store};
use mcp_oauth_file::FileStore;

use crate::support::{Folder, key, number, record};

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
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
async fn a_damaged_record_is_an_error_that_quotes_nothing() {
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
    assert!(error.ends_with("is damaged; sign in again") && !error.contains("s3cret"), "{error}");
    // The key is in the file as well.
    let error = store.keys(Some("ann"), "https://mcp.example/mcp").await.unwrap_err().to_string();
    assert!(error.ends_with(".json\" is damaged; remove it and sign in again"), "{error}");
    // Other records stay readable.
    store.save(&key("bob"), &record(3)).await.unwrap();
    assert_eq!(store.keys(Some("bob"), "https://mcp.example/mcp").await.unwrap(), [key("bob")]);
    assert_eq!(store.all_keys().await.unwrap(), [key("bob")]);
    store.save(&key("ann"), &record(2)).await.unwrap();
    assert_eq!(number(&store.load(&key("ann")).await.unwrap().unwrap()), 2);
}

#[tokio::test]
async fn an_encrypted_folder_holds_no_token_and_needs_its_keys() {
    let folder = Folder::new();
    let encrypted = |bytes| FileStore::encrypted(folder.path(), EncryptionKey::new(bytes)).unwrap();
    encrypted(&[1; 32]).save(&key("ann"), &record(1)).await.unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("s3cret") && !text.contains("xxxx"), "{text}");
    }
    assert_eq!(number(&encrypted(&[1; 32]).load(&key("ann")).await.unwrap().unwrap()), 1);
    // Loading fails without keys and with other keys.
    for store in [folder.store(), encrypted(&[2; 32])] {
        let error = store.load(&key("ann")).await.unwrap_err().to_string();
        assert!(error.contains("cannot be decrypted with the given keys"), "{error}");
        assert_eq!(store.all_keys().await.unwrap(), [key("ann")]);
    }
    // A record that is not encrypted is rejected as well.
    folder.store().save(&key("ann"), &record(2)).await.unwrap();
    encrypted(&[1; 32]).load(&key("ann")).await.unwrap_err();
}
