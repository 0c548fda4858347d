//! The definitions of each revision, as `cargo xtask codegen` lists them.

#[rustfmt::skip]
pub(crate) mod v2025_11_25;

#[rustfmt::skip]
pub(crate) mod v2026_07_28;
