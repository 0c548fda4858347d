//! The store in a folder of files.

use std::{fmt, io, path::Path, sync::Arc};

use futures_util::future::BoxFuture;
use mcp_http::mcp_client::BoxError;
use mcp_oauth::{EncryptionKeys, Record, Store, StoreKey, StoreLock};
use tokio::task;

use crate::{folder::Folder, locks::FileLocks};

/// Keeps sign-ins in a folder, a file each. Clones share it, as do other processes.
///
/// The files can be read by their owner alone (mode 0600 in a folder of 0700; on Windows they are
/// as private as the folder). Unless they are [sealed](Self::encrypted), whoever is the same user of the
/// machine reads them. A crash leaves the old record or the new one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_http::mcp_client::BoxError> {
/// # let folder = std::env::temp_dir().join(format!("mcp-oauth-file-{}", std::process::id()));
/// use mcp_oauth::OAuthClient;
/// use mcp_oauth_file::FileStore;
///
/// let store = FileStore::open(&folder)?;
/// let client = OAuthClient::builder("An application", "http://127.0.0.1/callback")
///     .store(store.clone())
///     .build()?;
/// assert!(store.all_keys().await?.is_empty());
/// # std::fs::remove_dir_all(&folder)?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

struct Inner {
    folder: Folder,
    locks: FileLocks,
}

impl FileStore {
    /// Opens a folder, which is made if it is not there.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_with(folder.as_ref(), None)
    }

    /// The same with records that are sealed: the files name whose they are, at which servers, and
    /// hold nothing that is of use without the keys. Records that are not sealed are not read.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("mcp-oauth-sealed-{}", std::process::id()));
    /// # let bytes = [7; 32];
    /// use mcp_oauth::EncryptionKey;
    /// use mcp_oauth_file::FileStore;
    ///
    /// let store = FileStore::encrypted(&folder, EncryptionKey::new(&bytes))?;
    /// # let _ = store;
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Whatever keeps the folder from being made.
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

    /// The keys of all records, of whomever they are. Files that are damaged are left out.
    ///
    /// # Errors
    /// Whatever kept them from being read.
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

    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>> {
        Box::pin(self.0.locks.lock(key))
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileStore").field(&self.0.folder.path()).finish()
    }
}
