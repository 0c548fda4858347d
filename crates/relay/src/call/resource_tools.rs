//! Tools that list and read the resources and prompts of a server, if its settings enable them.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use mcp_client::{
    Client, Error, ToolDefinition,
    mcp_types::{
        Method,
        v2025_11_25::{ContentBlock, EmbeddedResource},
        v2026_07_28::CallToolRequest,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time;

use crate::{settings::Server, tool_output::ToolOutput};

/// The tool definitions, shared by all servers.
static TOOLS: LazyLock<Vec<Arc<ToolDefinition>>> = LazyLock::new(|| {
    [LIST_RESOURCES, READ_RESOURCE, LIST_PROMPTS, GET_PROMPT]
        .iter()
        .filter_map(|tool| serde_json::from_str(tool).ok().map(Arc::new))
        .collect()
});

const LIST_RESOURCES: &str = r#"{
    "name": "list_resources",
    "description": "Lists the resources that can be read here, and templates for the URIs of more.",
    "inputSchema": { "type": "object" }
}"#;
const READ_RESOURCE: &str = r#"{
    "name": "read_resource",
    "description": "Reads a resource.",
    "inputSchema": {
        "type": "object",
        "properties": { "uri": { "type": "string", "description": "The URI of the resource" } },
        "required": ["uri"]
    }
}"#;
const LIST_PROMPTS: &str = r#"{
    "name": "list_prompts",
    "description": "Lists the prompts that are prepared here, with their arguments.",
    "inputSchema": { "type": "object" }
}"#;
const GET_PROMPT: &str = r#"{
    "name": "get_prompt",
    "description": "Gives the messages of a prepared prompt.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "The name of the prompt" },
            "arguments": { "type": "object", "additionalProperties": { "type": "string" } }
        },
        "required": ["name"]
    }
}"#;

/// The arguments of all these tools.
#[derive(Deserialize)]
struct Arguments<'a> {
    #[serde(default)]
    uri: String,
    #[serde(default)]
    name: String,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// Adds the tools that the settings enable. If the server has a tool with the same name, that tool
/// is kept instead.
pub(crate) fn add(tools: &mut Vec<Arc<ToolDefinition>>, server: &Server) {
    for (index, tool) in TOOLS.iter().enumerate() {
        let enabled = if index < 2 { server.resource_tools } else { server.prompt_tools };
        if enabled && !tools.iter().any(|own| own.name == tool.name) {
            tools.push(Arc::clone(tool));
        }
    }
}

/// Returns whether a tool is one of these tools, and not a tool of the server.
pub(crate) fn is_resource_tool(tool: &Arc<ToolDefinition>) -> bool {
    TOOLS.iter().any(|own| Arc::ptr_eq(own, tool))
}

/// Calls one of the tools. It may send several requests. `limit` is the time for all of them.
pub(crate) async fn call(
    client: &Client,
    name: &str,
    arguments: &RawValue,
    limit: Duration,
) -> Result<ToolOutput, Error> {
    let run = time::timeout(limit, run(client, name, arguments)).await;
    run.unwrap_or_else(|_| {
        Err(Error::Timeout { method: CallToolRequest::NAME.into(), limit, sent: true })
    })
}

async fn run(client: &Client, name: &str, arguments: &RawValue) -> Result<ToolOutput, Error> {
    let arguments: Arguments<'_> = serde_json::from_str(arguments.get()).map_err(|error| {
        Error::InvalidParams { method: CallToolRequest::NAME.into(), source: Arc::new(error) }
    })?;
    match name {
        "list_resources" => {
            let resources = client.list_resources().await?.items;
            let templates = match client.list_resource_templates().await {
                // A server without templates may not know the method.
                Err(error) if error.code().is_some() => Vec::new(),
                templates => templates?.items,
            };
            Ok(json(&(resources, templates)))
        }
        "read_resource" => {
            let read = client.read_resource(&arguments.uri).await?;
            let block = |part| ContentBlock::Resource(Box::new(EmbeddedResource::new(part)));
            let content = read.contents.into_iter().map(block).collect();
            Ok(ToolOutput { content, ..ToolOutput::default() })
        }
        "list_prompts" => Ok(json(&client.list_prompts().await?.items)),
        _ => {
            let prompt = client.get_prompt(&arguments.name, arguments.arguments).await?;
            Ok(json(&prompt.messages))
        }
    }
}

/// Returns an output with the value as JSON text.
fn json(value: &impl Serialize) -> ToolOutput {
    serde_json::to_string(value).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tool_definitions_are_valid() {
        assert_eq!(TOOLS.len(), 4);
    }
}
