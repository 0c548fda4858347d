//! A store for the credentials of `mcp-oauth`, in files that only their owner can read.
//!
//! Start at [`FileStore`], a folder that several processes may use at the same time. [`FileLocks`]
//! are for stores that keep their records elsewhere.

mod store;
mod folder;
mod locks;
mod file_name;
mod permissions;

pub use crate::{locks::FileLocks, store::FileStore};
