//! Tests of the public API.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod counterpart;
mod hostile;
mod instance;
mod property;
mod real;
mod spawn;
