//! A store for the credentials of `mcp-oauth`, encrypted in SQLite, for the users of a web
//! application.
//!
//! Start at [`SqliteStore::open`]. Every error is an [`Error`].

mod store;
mod rows;
mod database;
mod error;

pub use crate::{
    error::Error,
    store::{Reencrypted, SqliteStore},
};
