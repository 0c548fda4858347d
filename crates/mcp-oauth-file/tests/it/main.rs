//! Tests of the file store.

#![expect(clippy::unwrap_used, reason = "the lint does not recognize test helpers")]

mod crashes;
mod files;
mod support;
