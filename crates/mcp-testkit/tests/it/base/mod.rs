//! Building blocks.

mod counts;
