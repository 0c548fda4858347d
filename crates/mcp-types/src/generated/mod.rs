//! The types of each revision, as `cargo xtask codegen` writes them.

#[rustfmt::skip]
#[allow(missing_docs, clippy::all)]
pub mod v2025_11_25;

#[rustfmt::skip]
#[allow(missing_docs, clippy::all)]
pub mod v2026_07_28;
