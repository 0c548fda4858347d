//! The interface of stores.

use std::{any::Any, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use mcp_http::mcp_client::BoxError;

use super::{key::StoreKey, record::Record};

/// Keeps records, for one process or for many.
///
/// What a store holds are secrets: it lets nobody read them but this application, and never logs
/// them. [`MemoryStore`](crate::MemoryStore) forgets them with the process.
pub trait Store: Send + Sync + 'static {
    /// The record of a key, if there is one.
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::InvalidRecord) for a record that cannot be read, which keeps nobody from
    /// reading others; or whatever else kept it from being read. A record that is there is never "none".
    fn load<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<Option<Record>, BoxError>>;

    /// Puts a record in the place of the key's record.
    ///
    /// At any moment, and after any crash, there is the old record or the new one. When this returns
    /// the new one is there to stay: an authorization server may have taken back the old refresh
    /// token, so that this record holds the only one.
    ///
    /// # Errors
    /// Whatever kept it from being written; then the old record is still there.
    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<(), BoxError>>;

    /// Removes the record of a key; it need not be there.
    ///
    /// # Errors
    /// Whatever kept it from being removed.
    fn remove<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), BoxError>>;

    /// The keys of all records that one principal has at one server, whoever issued them, in their
    /// order. Those that cannot be read are among them.
    ///
    /// # Errors
    /// Whatever kept them from being read.
    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>>;

    /// Waits until nobody else, in this process or another, holds the lock of the key, and takes it.
    ///
    /// Whoever holds it may load, save and remove as anyone may; the lock only keeps two from using
    /// one refresh token. It ends when the [`StoreLock`] is dropped, and with the process.
    ///
    /// # Errors
    /// Whatever kept it from being taken.
    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>>;
}

/// A store that is shared, or chosen when the program runs (`Arc<dyn Store>`).
impl<S: Store + ?Sized> Store for Arc<S> {
    fn load<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        (**self).load(key)
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        (**self).save(key, record)
    }

    fn remove<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), BoxError>> {
        (**self).remove(key)
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        (**self).keys(principal, server)
    }

    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>> {
        (**self).lock(key)
    }
}

/// The right to use a refresh token; it ends when it is dropped.
pub struct StoreLock {
    _guard: Box<dyn Any + Send>,
}

impl StoreLock {
    /// A lock that is held for as long as `guard` is.
    pub fn new(guard: impl Any + Send) -> Self {
        Self { _guard: Box::new(guard) }
    }
}

impl fmt::Debug for StoreLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}
