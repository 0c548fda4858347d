//! Tool lists: parsing, caching, sharing, invalidation, stores.

mod cache;
mod cache_policy;
mod invalidation;
mod list;
mod shared_lists;
mod store;
