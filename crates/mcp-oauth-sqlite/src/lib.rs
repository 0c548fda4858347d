//! A store for the credentials of `mcp-oauth`, encrypted in SQLite, for the users of a web
//! application.
//!
//! It suits web applications with many users on one machine. Several processes can share one
//! database file.
//!
//! - [`SqliteStore`] is the store. It encrypts each record with the keys of the application.
//! - [`Reencrypted`] counts the records of [`SqliteStore::reencrypt`], which replaces a key.
//! - [`Error`] is the error of every function.
//!
//! # Examples
//!
//! ```no_run
//! use std::fs;
//!
//! use mcp_oauth::{EncryptionKey, OAuthClient};
//! use mcp_oauth_sqlite::SqliteStore;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let bytes: [u8; 32] = fs::read("encryption.key")?.as_slice().try_into()?;
//!     let store = SqliteStore::open("credentials.db", EncryptionKey::new(&bytes))?;
//!     let application = OAuthClient::builder("Our application", "https://app.example/callback")
//!         .store(store)
//!         .build()?;
//!     let tokens = application.user("ann");
//!     println!("{tokens:?}");
//!     Ok(())
//! }
//! ```
//!
//! # Modules
//!
//! - `store`: the store.
//! - `plaintext`: the text that is encrypted in a row.
//! - `rows`: the table of records.
//! - `database`: the database file, and the migrations of its schema.
//! - `error`: the error type.

mod store;
mod plaintext;
mod rows;
mod database;
mod error;

pub use crate::{
    error::Error,
    store::{Reencrypted, SqliteStore},
};
