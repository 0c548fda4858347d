//! Tool lists: the cache, the store, and the tools under the names that models see.

mod store;
mod cache;
mod cache_stats;
mod list;
mod named_tools;
mod checks;

pub(crate) use self::{
    cache::{Keeping, Places, ToolCache},
    list::List,
    named_tools::{NamedLists, NamedTool},
    store::{Shelf, Shelved},
};
pub use self::{cache_stats::CacheStats, store::ListStore};
