//! Keeps the sign-ins of `mcp-oauth` in SQLite, sealed, for the users of a web application.
//!
//! Start at [`SqliteStore::open`]; what can go wrong there is in [`Error`].

mod store;
mod rows;
mod database;
mod error;

pub use crate::{
    error::Error,
    store::{Resealed, SqliteStore},
};
