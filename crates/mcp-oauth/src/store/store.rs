//! Where the records of sign-ins are kept.

use std::{any::Any, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use mcp_http::mcp_client::BoxError;
use serde::{Deserialize, Serialize};

use super::record::Record;

/// Keeps records, for one process or for many.
///
/// What a store holds are secrets: it lets nobody read them but this application, and never logs
/// them. [`MemoryStore`](crate::MemoryStore) forgets them with the process.
pub trait Store: Send + Sync + 'static {
    /// The record of a key, if there is one.
    ///
    /// # Errors
    /// [`Unreadable`](crate::Unreadable) for a record that cannot be read, which keeps nobody from
    /// reading others; or whatever else kept it from being read. A record that is there is never "none".
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, BoxError>>;

    /// Puts a record in the place of the key's record.
    ///
    /// At any moment, and after any crash, there is the old record or the new one. When this returns
    /// the new one is there to stay: an authorization server may have taken back the old refresh
    /// token, so that this record holds the only one.
    ///
    /// # Errors
    /// Whatever kept it from being written; then the old record is still there.
    fn save<'a>(&'a self, key: &'a Key, record: &'a Record) -> BoxFuture<'a, Result<(), BoxError>>;

    /// Removes the record of a key; it need not be there.
    ///
    /// # Errors
    /// Whatever kept it from being removed.
    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<(), BoxError>>;

    /// The keys of all records that one principal has at one server, whoever issued them, in their
    /// order. Those that cannot be read are among them.
    ///
    /// # Errors
    /// Whatever kept them from being read.
    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Key>, BoxError>>;

    /// Waits until nobody else, in this process or another, holds the lock of the key, and takes it.
    ///
    /// Whoever holds it may load, save and remove as anyone may; the lock only keeps two from using
    /// one refresh token. It ends when the [`Lock`] is dropped, and with the process.
    ///
    /// # Errors
    /// Whatever kept it from being taken.
    fn lock<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Lock, BoxError>>;
}

/// A store that is shared, or chosen when the program runs (`Arc<dyn Store>`).
impl<S: Store + ?Sized> Store for Arc<S> {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        (**self).load(key)
    }

    fn save<'a>(&'a self, key: &'a Key, record: &'a Record) -> BoxFuture<'a, Result<(), BoxError>> {
        (**self).save(key, record)
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<(), BoxError>> {
        (**self).remove(key)
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Key>, BoxError>> {
        (**self).keys(principal, server)
    }

    fn lock<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Lock, BoxError>> {
        (**self).lock(key)
    }
}

/// What a record is kept under.
///
/// `Debug` leaves out the query of the server's URL, which some use for keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Key {
    /// The person or other party whose record it is; `None` for the application's own, which is its
    /// [`Registration`](crate::Registration).
    pub principal: Option<String>,
    /// The URL of the MCP server.
    pub server: String,
    /// The authorization server.
    pub issuer: String,
}

impl Key {
    /// The key of a principal's credentials, or of the application's registration.
    pub fn new(
        principal: Option<&str>,
        server: impl Into<String>,
        issuer: impl Into<String>,
    ) -> Self {
        let principal = principal.map(str::to_owned);
        Self { principal, server: server.into(), issuer: issuer.into() }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server.split('?').next().unwrap_or_default();
        let Self { principal, issuer, .. } = self;
        write!(f, "Key({principal:?} at {server}, by {issuer})")
    }
}

/// The right to use a refresh token; it ends when it is dropped.
pub struct Lock {
    _guard: Box<dyn Any + Send>,
}

impl Lock {
    /// A lock that is held for as long as `guard` is.
    pub fn new(guard: impl Any + Send) -> Self {
        Self { _guard: Box::new(guard) }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_without_the_query_of_its_server() {
        let key = Key::new(Some("ann"), "https://a.example/mcp?key=s3cret", "https://b.example");
        let shown = format!("{key:?}");
        assert_eq!(shown, r#"Key(Some("ann") at https://a.example/mcp, by https://b.example)"#);
    }
}
