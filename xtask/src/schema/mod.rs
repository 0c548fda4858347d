//! Imports, verifies and compares the published schemas.

mod diff;
mod import;
mod json;

pub(crate) use diff::diff;
pub(crate) use import::{import, import_to, load};
