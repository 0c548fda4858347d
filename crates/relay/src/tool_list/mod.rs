//! Tool lists: the cache, the store, and the tools with the names that models see.

mod store;
mod cache;
mod cache_stats;
mod list;
mod named_tools;
mod checks;

pub(crate) use self::{
    cache::{CacheKeys, CachePolicy, ToolCache},
    list::List,
    named_tools::{NamedTool, NamedToolLists},
    store::{StoredList, StoredLists},
};
pub use self::{cache_stats::CacheStats, store::ToolListStore};
