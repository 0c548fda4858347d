//! Results, decoded the same way for every protocol version.

pub(crate) mod shared_lists;
pub(crate) mod tool;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod outcome;
pub(crate) mod param_headers;
pub(crate) mod server_info;
