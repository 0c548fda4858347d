//! The definitions of each protocol version. Written by `cargo xtask codegen`.

#[rustfmt::skip]
pub(crate) mod v2025_11_25;

#[rustfmt::skip]
pub(crate) mod v2026_07_28;
