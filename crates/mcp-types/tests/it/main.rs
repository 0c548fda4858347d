//! The protocol's types as users of the crate see them.

#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod error_messages;
mod hostile_input;
mod published;
mod round_trip;
mod shared_types;
mod v2025_11_25;
mod v2026_07_28;
mod generated;
mod support;

// The generated tables use this path.
use support::definitions;
