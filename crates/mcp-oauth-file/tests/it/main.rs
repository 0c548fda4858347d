//! The store as processes use it that are killed, wait for one another, or are someone else's.

#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod crashes;
mod files;
mod support;
