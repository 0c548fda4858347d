//! Building blocks that every other module uses.

mod counts;
mod barrier;
mod request;
mod param_headers;
mod zip_bomb;
mod error;

pub use self::{barrier::Gate, counts::Counts, error::Error, request::Recorded};
pub(crate) use self::{
    counts::{Counted, Counters},
    param_headers::{HeaderValue, annotations, decoded},
    zip_bomb::gzip,
};
