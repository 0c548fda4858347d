//! Corrections of the published schemas where they differ from the specification.

mod fixup;
mod lenient;
mod names;
mod replace;

pub(super) use fixup::{apply, apply_all};
