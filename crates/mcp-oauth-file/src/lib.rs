//! Keeps the sign-ins of `mcp-oauth` in files that only their owner reads.
//!
//! There is one type: [`FileStore`], a folder that many processes may use at the same time.

mod folder;
mod store;

pub use crate::store::FileStore;
