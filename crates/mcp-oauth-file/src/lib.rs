//! Keeps the sign-ins of `mcp-oauth` in files that only their owner reads.
//!
//! Start at [`FileStore`], a folder that many processes may use at the same time. [`FileLocks`] are
//! for stores that keep records elsewhere.

mod folder;
mod locks;
mod place;
mod store;

pub use crate::{locks::FileLocks, store::FileStore};
