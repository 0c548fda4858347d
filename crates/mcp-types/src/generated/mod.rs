//! The types of each protocol version. Written by `cargo xtask codegen`.

#[rustfmt::skip]
#[allow(missing_docs, clippy::all)]
pub mod v2025_11_25;

#[rustfmt::skip]
#[allow(missing_docs, clippy::all)]
pub mod v2026_07_28;
