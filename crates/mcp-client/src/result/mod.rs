//! Results, decoded the same way for every protocol version.

mod shared_lists;
mod tool;
mod list;
mod page;
mod outcome;
mod cache_hint;
mod param_headers;
mod server_info;
mod notification;
mod meta;

pub use self::{
    cache_hint::CacheHint,
    list::{InvalidEntry, ListResult},
    server_info::{ServerCapabilities, ServerInfo},
    shared_lists::SharedToolLists,
    tool::{ToolDefinition, ToolList, ToolResult},
};
pub(crate) use self::{
    list::{Listable, decode_page},
    meta::meta_to_object,
    notification::notification_params,
    outcome::{Decode, Outcome, decode_result},
    page::{Bounds, Page, Pages},
    param_headers::ParamHeader,
    tool::{ToolParamHeaders, decode_tool_result},
};
