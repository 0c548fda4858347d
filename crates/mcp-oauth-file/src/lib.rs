//! Keeps the sign-ins of `mcp-oauth` in files that only their owner reads.
//!
//! Start at [`FileStore`], a folder that many processes may use at the same time. [`FileLocks`] are
//! for stores that keep records elsewhere.

mod store;
mod folder;
mod locks;
mod file_name;
mod permissions;

pub use crate::{locks::FileLocks, store::FileStore};
