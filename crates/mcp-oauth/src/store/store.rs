//! The interface of stores.

use std::{any::Any, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use mcp_http::mcp_client::BoxError;

use super::{key::StoreKey, record::Record};

/// A store of credentials and client registrations, for one process or several.
///
/// The records contain secrets. A store must not let other users or programs read them, and must
/// not log them. [`MemoryStore`](crate::MemoryStore) keeps them until the process ends.
pub trait Store: Send + Sync + 'static {
    /// Returns the record of a key, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRecord`](crate::InvalidRecord) if the record exists and cannot be read. It
    /// must not return `None` in that case, and other records must stay readable. Returns any other
    /// error if the store cannot be read.
    fn load<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<Option<Record>, BoxError>>;

    /// Saves the record of a key, and replaces the previous one.
    ///
    /// The replacement must be atomic: at any time, and after a crash, the store has the old record
    /// or the new one. The new record must be durable when this method returns. The authorization
    /// server may have revoked the old refresh token, so the new record may have the only valid one.
    ///
    /// # Errors
    ///
    /// Returns an error if the record cannot be written. The old record must then be unchanged.
    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<(), BoxError>>;

    /// Removes the record of a key. Succeeds if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the record cannot be removed.
    fn remove<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), BoxError>>;

    /// Returns the keys of all records of one principal at one MCP server, for all authorization
    /// servers, in ascending order. The keys of records that cannot be read are included.
    ///
    /// # Errors
    ///
    /// Returns an error if the keys cannot be read.
    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>>;

    /// Returns the keys of all records of one principal, for all MCP servers and authorization
    /// servers, in ascending order. The keys of records that cannot be read are included, if the
    /// keys themselves can be read.
    ///
    /// An application lists the connections of a user with it, and deletes them with the account:
    /// [`UserTokens::connections`](crate::UserTokens::connections).
    ///
    /// # Errors
    ///
    /// Returns an error if the keys cannot be read.
    fn keys_of_principal<'a>(
        &'a self,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>>;

    /// Waits until no other task or process holds the lock of the key, and acquires it.
    ///
    /// The lock prevents two tasks or processes from using one refresh token at the same time. It
    /// does not affect the other methods: callers with and without it may load, save and remove
    /// records. It is released when the [`StoreLock`] is dropped, or when the process ends.
    ///
    /// # Errors
    ///
    /// Returns an error if the lock cannot be acquired.
    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>>;
}

/// Implements the trait for shared stores, including `Arc<dyn Store>`.
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

    fn keys_of_principal<'a>(
        &'a self,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        (**self).keys_of_principal(principal)
    }

    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>> {
        (**self).lock(key)
    }
}

/// A lock on the key of a record. It is released on drop.
pub struct StoreLock {
    _guard: Box<dyn Any + Send>,
}

impl StoreLock {
    /// Creates a lock that drops `guard` when it is released.
    pub fn new(guard: impl Any + Send) -> Self {
        Self { _guard: Box::new(guard) }
    }
}

impl fmt::Debug for StoreLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreLock")
    }
}
