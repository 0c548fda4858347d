//! The store in a folder of files.

use std::{fmt, io, path::Path, sync::Arc};

use futures_util::future::BoxFuture;
use mcp_http::mcp_client::BoxError;
use mcp_oauth::{EncryptionKeys, Record, Store, StoreKey, StoreLock};
use tokio::task;

use crate::{folder::Folder, locks::FileLocks};

/// A store that keeps each record in a file of one folder.
///
/// Clones share the folder, and several processes may use it at the same time. After a crash, the
/// folder has the old record or the new one.
///
/// Only the owner can read the files: their mode is 0600, and that of the folder is 0700. On
/// Windows, the files have the permissions of the folder. Other programs of the same user can read
/// the records, unless they are [encrypted](Self::encrypted).
///
/// # Examples
///
/// ```
/// use mcp_http::mcp_client::BoxError;
/// use mcp_oauth_file::FileStore;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), BoxError> {
///     let folder = std::env::temp_dir().join(format!("credentials-{}", std::process::id()));
///     let store = FileStore::open(&folder)?;
///     assert!(store.all_keys().await?.is_empty());
///     std::fs::remove_dir_all(&folder)?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

struct Inner {
    folder: Folder,
    locks: FileLocks,
}

impl FileStore {
    /// Opens a folder. Creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be created.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_with(folder.as_ref(), None)
    }

    /// Opens a folder with encrypted records. Creates it if it does not exist.
    ///
    /// Principals, server URLs and issuers are not encrypted. Records that are not encrypted are
    /// rejected with [`CannotDecrypt`](mcp_oauth::InvalidRecordReason::CannotDecrypt).
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be created.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::fs;
    ///
    /// use mcp_oauth::EncryptionKey;
    /// use mcp_oauth_file::FileStore;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let bytes: [u8; 32] = fs::read("encryption.key")?.as_slice().try_into()?;
    ///     let store = FileStore::encrypted("credentials", EncryptionKey::new(&bytes))?;
    ///     println!("{store:?}");
    ///     Ok(())
    /// }
    /// ```
    pub fn encrypted(
        folder: impl AsRef<Path>,
        keys: impl Into<EncryptionKeys>,
    ) -> io::Result<Self> {
        Self::open_with(folder.as_ref(), Some(keys.into()))
    }

    fn open_with(folder: &Path, encryption_keys: Option<EncryptionKeys>) -> io::Result<Self> {
        let (folder, locks) = (Folder::open(folder, encryption_keys)?, FileLocks::open(folder)?);
        Ok(Self(Arc::new(Inner { folder, locks })))
    }

    /// Returns the keys of all records of all principals, in ascending order. Skips damaged files.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be read.
    pub async fn all_keys(&self) -> Result<Vec<StoreKey>, BoxError> {
        self.run_blocking(Folder::all_keys).await
    }

    /// Runs blocking work in the blocking pool. It completes even if the caller is dropped.
    async fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, BoxError> {
        let inner = Arc::clone(&self.0);
        task::spawn_blocking(move || work(&inner.folder)).await?
    }
}

impl Store for FileStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        let key = key.clone();
        Box::pin(self.run_blocking(move |folder| folder.load(&key)))
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        let (key, record) = (key.clone(), record.clone());
        Box::pin(self.run_blocking(move |folder| folder.save(&key, &record)))
    }

    fn remove<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), BoxError>> {
        let key = key.clone();
        Box::pin(self.run_blocking(move |folder| folder.remove(&key)))
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        let (principal, server) = (principal.map(str::to_owned), server.to_owned());
        Box::pin(self.run_blocking(move |folder| folder.keys(principal.as_deref(), &server)))
    }

    /// Reads all files of the folder, because their names do not show the principal.
    fn keys_of_principal<'a>(
        &'a self,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        let principal = principal.map(str::to_owned);
        Box::pin(self.run_blocking(move |folder| {
            let keys = folder.all_keys()?.into_iter();
            Ok(keys.filter(|key| key.principal == principal).collect())
        }))
    }

    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>> {
        Box::pin(self.0.locks.lock(key))
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileStore").field(&self.0.folder.path()).finish()
    }
}
