//! The formats of LLM providers: tool definitions, tool calls and tool call results.

mod definition;
mod message;
mod tool_call_result;
mod tool_call;
mod content;
mod content_part;
mod api;
mod pager;

pub use self::{
    content_part::ContentPart, pager::Pager, tool_call::ToolCall, tool_call_result::ToolCallResult,
};
