//! Building blocks that every other module uses.

mod error;
mod recorded_request;
mod param_headers;
mod zip_bomb;
mod counts;
mod barrier;
mod tasks;
mod user;
mod http_names;
mod log_level;
mod random;
mod sync;

pub use self::{barrier::Barrier, counts::Counts, error::Error, recorded_request::RecordedRequest};
pub(crate) use self::{
    counts::{CountGuard, Counters},
    http_names::{EVENT_STREAM, JSON, METADATA_PATH, PATH, SESSION},
    log_level::severity,
    param_headers::{ParamValue, decode_value, param_headers},
    random::{random_id, random_token},
    sync::lock,
    tasks::Tasks,
    user::{Token, User},
    zip_bomb::gzip_bomb,
};
