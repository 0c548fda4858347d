//! The store in a SQLite database.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use mcp_http::mcp_client::BoxError;
use mcp_oauth::{
    EncryptionKeys, InvalidRecord, InvalidRecordReason, Record, Store, StoreKey, StoreLock,
};
use mcp_oauth_file::FileLocks;
use rusqlite::Connection;
use tokio::{sync::Mutex, task};

use crate::{
    database,
    error::Error,
    plaintext,
    rows::{self, RowKey, StoredRow},
};

/// A store in a SQLite database, encrypted with the keys of the application.
///
/// Clones share the database, and several processes of one machine may use it at the same time.
///
/// The lock files are in a folder next to the database: its name is that of the database with the
/// suffix `.locks`. Both must be on a local disk, because locks do not work reliably on network file
/// systems.
///
/// Principals and issuers are not encrypted. Server URLs may contain API keys, so they are encrypted,
/// and their digests find the rows. Each record is bound to its row: if it is moved to another row, it cannot be
/// decrypted.
///
/// # Examples
///
/// ```
/// use mcp_http::mcp_client::BoxError;
/// use mcp_oauth::{EncryptionKey, Store, StoreKey};
/// use mcp_oauth_sqlite::SqliteStore;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), BoxError> {
///     let folder = std::env::temp_dir().join(format!("sqlite-store-{}", std::process::id()));
///     std::fs::create_dir_all(&folder)?;
///     let store = SqliteStore::open(folder.join("credentials.db"), EncryptionKey::generate())?;
///     let (server, issuer) = ("https://mcp.example.com/mcp", "https://login.example.com");
///     let key = StoreKey::new(Some("ann"), server, issuer);
///     assert!(store.load(&key).await?.is_none());
///     drop(store);
///     std::fs::remove_dir_all(&folder)?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    path: PathBuf,
    encryption_keys: EncryptionKeys,
    locks: FileLocks,
    /// Each connection serves one task at a time, so that reads do not wait for writes.
    reader: Arc<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
}

/// The result of [`SqliteStore::reencrypt`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reencrypted {
    /// The number of records that were encrypted again.
    pub reencrypted: usize,
    /// The number of records that cannot be decrypted with the given keys.
    pub unreadable: usize,
}

impl SqliteStore {
    /// Opens a database. Creates the file if it does not exist.
    ///
    /// This function blocks. If another process is writing to the database, it waits for up to 10
    /// seconds.
    ///
    /// # Errors
    ///
    /// - Returns [`Error::ForeignDatabase`] if the file is a database of another program.
    /// - Returns [`Error::NewerVersion`] if a newer version of this crate has changed the schema.
    /// - Returns [`Error::Failed`] if the file cannot be opened, read or written.
    pub fn open(path: impl AsRef<Path>, keys: impl Into<EncryptionKeys>) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let mut folder = path.clone().into_os_string();
        folder.push(".locks");
        let writer = database::open(&path)?;
        let reader = database::open(&path)?;
        let locks = FileLocks::open(folder).map_err(|error| Error::failed(&path, error))?;
        Ok(Self(Arc::new(Inner {
            path,
            encryption_keys: keys.into(),
            locks,
            reader: Arc::new(Mutex::new(reader)),
            writer: Arc::new(Mutex::new(writer)),
        })))
    }

    /// Encrypts all records of older keys again with the newest key. Afterwards the older keys can
    /// be removed, if no record is unreadable.
    ///
    /// Other tasks and processes may use the store at the same time.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Failed`] if the database cannot be read or written.
    ///
    /// # Examples
    ///
    /// ```
    /// use mcp_http::mcp_client::BoxError;
    /// use mcp_oauth::{EncryptionKey, EncryptionKeys};
    /// use mcp_oauth_sqlite::SqliteStore;
    ///
    /// #[tokio::main(flavor = "current_thread")]
    /// async fn main() -> Result<(), BoxError> {
    ///     let folder = std::env::temp_dir().join(format!("reencrypt-{}", std::process::id()));
    ///     std::fs::create_dir_all(&folder)?;
    ///     let [old, new] = [EncryptionKey::new(&[1; 32]), EncryptionKey::new(&[2; 32])];
    ///     let keys = EncryptionKeys::new(new).with_older(old);
    ///     let store = SqliteStore::open(folder.join("credentials.db"), keys)?;
    ///     assert_eq!(store.reencrypt().await?.unreadable, 0);
    ///     drop(store);
    ///     std::fs::remove_dir_all(&folder)?;
    ///     Ok(())
    /// }
    /// ```
    pub async fn reencrypt(&self) -> Result<Reencrypted, Error> {
        let (mut last_rowid, mut result) = (i64::MIN, Reencrypted::default());
        loop {
            let rows =
                self.read(move |connection| rows::load_after(connection, last_rowid)).await?;
            let Some(row) = rows.last() else { return Ok(result) };
            last_rowid = row.rowid;
            for old in rows {
                match self.0.encryption_keys.reencrypt(&old.key.associated_data(), &old.ciphertext)
                {
                    Err(_) => result.unreadable += 1,
                    Ok(None) => {}
                    Ok(Some(new)) => {
                        self.write(move |it| rows::replace_ciphertext(it, &old, &new)).await?;
                        result.reencrypted += 1;
                    }
                }
            }
        }
    }

    fn decrypt(&self, key: &StoreKey, ciphertext: &str) -> Result<Record, InvalidRecord> {
        let json = self.0.encryption_keys.decrypt(&RowKey::of(key).associated_data(), ciphertext);
        let json = json.map_err(|_| InvalidRecord::new(key, InvalidRecordReason::CannotDecrypt))?;
        Record::from_json(key, &json)
    }

    /// Returns the key of a row.
    fn store_key(&self, row: &StoredRow) -> StoreKey {
        let json = self.0.encryption_keys.decrypt(&row.key.associated_data(), &row.ciphertext);
        row.key.store_key(json.map(|json| plaintext::server_urls(&json)).unwrap_or_default())
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.run_blocking(&self.0.reader, work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.run_blocking(&self.0.writer, work).await
    }

    /// Runs blocking work on a connection in the blocking pool. Once started, it completes even if
    /// the caller is dropped.
    async fn run_blocking<T: Send + 'static>(
        &self,
        connection: &Arc<Mutex<Connection>>,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let mut connection = Arc::clone(connection).lock_owned().await;
        let done = task::spawn_blocking(move || work(&mut connection)).await;
        let failed = |source: BoxError| Error::failed(&self.0.path, source);
        done.map_err(|error| failed(error.into()))?.map_err(|error| failed(error.into()))
    }
}

impl Store for SqliteStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        Box::pin(async move {
            let row_key = RowKey::of(key);
            let ciphertext = self.read(move |connection| rows::load(connection, &row_key)).await?;
            Ok(ciphertext.map(|ciphertext| self.decrypt(key, &ciphertext)).transpose()?)
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        let row_key = RowKey::of(key);
        let plaintext = plaintext::encode(key, record);
        let ciphertext = self.0.encryption_keys.encrypt(&row_key.associated_data(), &plaintext);
        Box::pin(async move {
            Ok(self.write(move |connection| rows::save(connection, &row_key, &ciphertext)).await?)
        })
    }

    fn remove<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), BoxError>> {
        let row_key = RowKey::of(key);
        Box::pin(async move {
            Ok(self.write(move |connection| rows::remove(connection, &row_key)).await?)
        })
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        let (principal, server) = (principal.map(str::to_owned), server.to_owned());
        let read = move |it: &mut Connection| rows::keys(it, principal.as_deref(), &server);
        Box::pin(async move { Ok(self.read(read).await?) })
    }

    /// The URL of the server is known if the row was written by this version, or if the row has
    /// credentials whose resource identifier is the URL. Otherwise, the key has the digest of the
    /// URL instead, such as `sha256:…`. [`load`](Self::load) and [`remove`](Self::remove) accept it.
    fn keys_of_principal<'a>(
        &'a self,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        let principal = principal.map(str::to_owned);
        Box::pin(async move {
            let rows = self.read(move |it| rows::load_all(it, principal.as_deref())).await?;
            let mut keys: Vec<_> = rows.iter().map(|row| self.store_key(row)).collect();
            keys.sort();
            Ok(keys)
        })
    }

    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>> {
        Box::pin(self.0.locks.lock(key))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteStore").field(&self.0.path).finish()
    }
}
