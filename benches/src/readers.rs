//! The readers, and the types that they read into.

use std::hint::black_box;

use anyhow::{Result, ensure};
#[cfg(not(feature = "r2026_07_28"))]
use mcp_types::v2025_11_25 as ours;
#[cfg(feature = "r2026_07_28")]
use mcp_types::v2026_07_28 as ours;
use mcp_types::{JsonRpcMessage, Method};
use rust_mcp_schema::schema_utils::ServerMessage;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::inputs::{Input, Kind};

pub(crate) const REVISION: &str =
    if cfg!(feature = "r2026_07_28") { "2026-07-28" } else { "2025-11-25" };

type Listed = <ours::ListToolsRequest as Method>::Result;
type ToolCallResult = <ours::CallToolRequest as Method>::Result;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reader {
    McpTypes,
    Value,
    Rmcp,
    RustMcpSchema,
}

impl Reader {
    pub(crate) const ALL: [Self; 4] =
        [Self::McpTypes, Self::Value, Self::Rmcp, Self::RustMcpSchema];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::McpTypes => "mcp-types",
            Self::Value => "Value",
            Self::Rmcp => "rmcp",
            Self::RustMcpSchema => "rust-mcp-schema",
        }
    }

    /// Reads the input from its bytes, and drops the result.
    pub(crate) fn read(self, Input { kind, text, .. }: &Input) {
        match (self, kind) {
            (Self::Value, _) => read::<Value>(text),
            (Self::McpTypes, Kind::ToolsList) => read::<Listed>(text),
            (Self::McpTypes, Kind::ToolsCall) => read::<ToolCallResult>(text),
            (Self::McpTypes, Kind::ToolsListMessage) => read_message::<Listed>(text),
            (Self::McpTypes, Kind::ToolsCallMessage) => read_message::<ToolCallResult>(text),
            (Self::Rmcp, Kind::ToolsList) => read::<rmcp::model::ListToolsResult>(text),
            (Self::Rmcp, Kind::ToolsCall) => read::<rmcp::model::CallToolResult>(text),
            (Self::Rmcp, _) => read::<rmcp::model::ServerJsonRpcMessage>(text),
            (Self::RustMcpSchema, Kind::ToolsList) => {
                read::<rust_mcp_schema::ListToolsResult>(text);
            }
            (Self::RustMcpSchema, Kind::ToolsCall) => read::<rust_mcp_schema::CallToolResult>(text),
            (Self::RustMcpSchema, _) => read::<ServerMessage>(text),
        }
    }
}

fn read<T: DeserializeOwned>(text: &str) {
    let text = black_box(text.as_bytes());
    black_box(serde_json::from_slice::<T>(text).expect("all readers accept the input"));
}

/// Reads a message with the limits on memory.
fn read_message<R: DeserializeOwned>(text: &str) {
    let text = black_box(text.as_bytes());
    black_box(JsonRpcMessage::<R>::from_slice(text).expect("the input is a message"));
}

/// Returns an error if a typed reader does not find all items.
pub(crate) fn check(Input { name, kind, text, items }: &Input) -> Result<()> {
    let found = match kind {
        Kind::ToolsList => [
            serde_json::from_str::<Listed>(text)?.tools.len(),
            serde_json::from_str::<rmcp::model::ListToolsResult>(text)?.tools.len(),
            serde_json::from_str::<rust_mcp_schema::ListToolsResult>(text)?.tools.len(),
        ],
        Kind::ToolsCall => [
            blocks(serde_json::from_str::<ToolCallResult>(text)?),
            serde_json::from_str::<rmcp::model::CallToolResult>(text)?.content.len(),
            serde_json::from_str::<rust_mcp_schema::CallToolResult>(text)?.content.len(),
        ],
        Kind::ToolsListMessage | Kind::ToolsCallMessage => return Ok(()),
    };
    ensure!(found == [*items; 3], "{name}: {found:?} of {items}");
    Ok(())
}

#[cfg(feature = "r2026_07_28")]
fn blocks(called: ToolCallResult) -> usize {
    let ToolCallResult::Complete(result) = called else { return 0 };
    result.content.len()
}

#[cfg(not(feature = "r2026_07_28"))]
fn blocks(called: ToolCallResult) -> usize {
    called.content.len()
}
