//! Tools and their results, the same for every revision of the protocol.

use std::collections::HashSet;

use mcp_types::{
    Incoming, JsonObject, Schema,
    v2025_11_25::{self as wire, ContentBlock, Icon, ListToolsResult, ToolAnnotations},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{list::Page, profile::ServerProfile};

/// A tool as its server describes it. All text is the server's own and untrusted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tool {
    /// Its name: exact, case-sensitive, unique only within its server.
    pub name: String,
    /// Its name for people.
    pub title: Option<String>,
    /// What it does, for the model.
    pub description: Option<String>,
    /// The JSON Schema of its arguments, exactly as it was sent.
    pub input_schema: Schema,
    /// The JSON Schema of its structured content, exactly as it was sent.
    pub output_schema: Option<Schema>,
    /// Hints on its behaviour; not to be relied upon unless the server is trusted.
    pub annotations: Option<ToolAnnotations>,
    /// Pictures of it.
    pub icons: Option<Vec<Icon>>,
    /// `_meta`, as it was sent.
    pub meta: Option<JsonObject>,
}

/// The tools that a server offers.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolList {
    /// The tools that can be called, in the server's order.
    pub tools: Vec<Tool>,
    /// Entries of the list that cannot be offered, each with the reason.
    pub refused: Vec<RefusedTool>,
}

/// An entry of a tool list that is no tool to us.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedTool {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Why it is refused.
    pub reason: String,
}

/// What a tool gave back. A failure of the tool's own is a result too: see `is_error`.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolResult {
    /// Texts, images, audio and resources, in the server's order.
    pub content: Vec<ContentBlock>,
    /// The result as JSON, by the tool's output schema.
    pub structured_content: Option<Value>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// `_meta`, as it was sent.
    pub meta: Option<JsonObject>,
}

impl From<wire::CallToolResult> for ToolResult {
    fn from(result: wire::CallToolResult) -> Self {
        Self {
            content: result.content,
            structured_content: result.structured_content,
            is_error: result.is_error.unwrap_or(false),
            meta: result.meta,
        }
    }
}

impl ToolList {
    /// Sets apart what cannot be offered.
    pub(crate) fn new(entries: Vec<Entry>, profile: &ServerProfile) -> Self {
        let tasks = profile.runs_tools_as_tasks();
        let mut names = HashSet::new();
        let mut list = Self::default();
        for entry in entries {
            match entry.and_then(|tool| offered(tool, tasks, &mut names)) {
                Ok(tool) => list.tools.push(tool),
                Err(refused) => list.refused.push(refused),
            }
        }
        list
    }
}

/// An entry of the list as it was read.
pub(crate) type Entry = Result<wire::Tool, RefusedTool>;

fn offered(
    tool: wire::Tool,
    tasks: bool,
    names: &mut HashSet<String>,
) -> Result<Tool, RefusedTool> {
    let refuse = |reason: &str| {
        Err(RefusedTool { name: Some(tool.name.clone()), reason: reason.to_owned() })
    };
    if tasks && only_as_task(&tool) {
        return refuse("it runs only as a task, which this client does not support");
    }
    if !takes_object(&tool.input_schema) {
        return refuse("the schema of its arguments is not of type \"object\"");
    }
    if !names.insert(tool.name.clone()) {
        return refuse("another tool of this server has the same name");
    }
    Ok(Tool {
        name: tool.name,
        title: tool.title,
        description: tool.description,
        input_schema: tool.input_schema,
        output_schema: tool.output_schema,
        annotations: tool.annotations,
        icons: tool.icons,
        meta: tool.meta,
    })
}

/// Whether a schema is of the only type that arguments have (MCP server/tools, "Tool"). A model's
/// provider refuses a request whole over one that is not.
fn takes_object(schema: &Schema) -> bool {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<&'a str>,
    }
    schema.parse::<Typed<'_>>().is_ok_and(|schema| schema.kind == Some("object"))
}

fn only_as_task(tool: &wire::Tool) -> bool {
    let support = tool.execution.as_ref().and_then(|execution| execution.task_support.as_ref());
    support.is_some_and(|support| *support == wire::TaskSupport::Required)
}

/// Decodes a page of tools in one pass; where that fails, entry by entry, so that one bad tool does
/// not spoil the list.
pub(crate) fn decode_page(message: &[u8]) -> serde_json::Result<Incoming<Page<Entry>>> {
    match serde_json::from_slice::<Incoming<ListToolsResult>>(message) {
        Ok(page) => Ok(page.map(|page| Page {
            items: page.tools.into_iter().map(Ok).collect(),
            next: page.next_cursor,
            bytes: message.len(),
        })),
        Err(error) => match serde_json::from_slice::<Incoming<RawPage>>(message) {
            Ok(page) => Ok(page.map(|page| page.read(message.len()))),
            Err(_) => Err(error),
        },
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPage {
    tools: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

impl RawPage {
    fn read(self, bytes: usize) -> Page<Entry> {
        let read = |entry: &RawValue| {
            serde_json::from_str(entry.get())
                .map_err(|error| RefusedTool { name: name_of(entry), reason: error.to_string() })
        };
        let items = self.tools.iter().map(|entry| read(entry)).collect();
        Page { items, next: self.next_cursor, bytes }
    }
}

fn name_of(entry: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    serde_json::from_str::<Named>(entry.get()).ok().map(|named| named.name)
}
