//! Folders, keys and records for tests.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use mcp_oauth::{Record, StoreKey};
use mcp_oauth_file::FileStore;
use serde_json::json;

/// A folder that is removed after the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("file-store-{}-{number}", std::process::id());
        Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn store(&self) -> FileStore {
        FileStore::open(&self.0).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn key(principal: &str) -> StoreKey {
    StoreKey::new(Some(principal), "https://mcp.example/mcp", "https://login.example")
}

/// Credentials whose refresh token contains a number, and is long enough to be written in parts.
pub(crate) fn record(number: u64) -> Record {
    let refresh_token = format!("{number}.{}", "x".repeat(20_000));
    let record = json!({ "credentials": {
        "issuer": "https://login.example",
        "resource": "https://mcp.example/mcp",
        "access_token": "s3cret",
        "token_type": "Bearer",
        "expires_at": null,
        "refresh_token": refresh_token,
        "requested_scopes": [],
        "step_ups": 0,
        "issued_at": number,
        "registration": {
            "client_id": "c",
            "client_secret": null,
            "secret_expires_at": null,
            "auth_method": "none",
            "redirect_uri": null,
        },
        "token_endpoint": "https://login.example/token",
        "revocation_endpoint": null,
        "dpop_key": null,
    } });
    serde_json::from_value(record).unwrap()
}

/// Returns the number in a complete record.
pub(crate) fn number(record: &Record) -> u64 {
    let Record::Credentials(credentials) = record else { panic!("{record:?}") };
    let text = credentials.refresh_token.as_ref().unwrap().expose();
    let (number, rest) = text.split_once('.').unwrap();
    assert_eq!(rest.len(), 20_000);
    number.parse().unwrap()
}
