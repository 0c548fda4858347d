//! Tests of the file store.

#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod crashes;
mod files;
mod support;
