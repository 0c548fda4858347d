//! Tool lists: the cache, the store, and the tools under the names that models see.

mod cache;
mod cache_stats;
mod store;
mod named_tools;
mod checks;

pub(crate) use self::{
    cache::{Keeping, Places, ToolCache},
    named_tools::{Named, NamedLists, NamedTool},
    store::{Shelf, Shelved},
};
pub use self::{cache_stats::CacheStats, store::ListStore};
