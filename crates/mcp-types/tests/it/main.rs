//! What holds for the protocol's types from outside.

#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod definitions;
mod errors;
mod generate;
mod generated;
mod hostile;
mod published;
mod read;
mod roundtrip;
mod sharing;
mod v2025_11_25;
mod v2026_07_28;
