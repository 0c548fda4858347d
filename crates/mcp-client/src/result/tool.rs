//! Tools and their results, the same for all protocol versions.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use mcp_types::{
    JsonObject, JsonRpcMessage, OrInputRequired, Schema,
    v2026_07_28::{
        self as wire, CallToolResult, ContentBlock, Icon, InputRequiredResult, ListToolsResult,
        ToolAnnotations,
    },
};
use serde::{
    Deserialize, Deserializer as _, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use super::{
    cache_hint::CacheHint,
    list::{Entry, InvalidEntry, decode_page},
    meta::meta_to_object,
    outcome::Outcome,
    page::Page,
    param_headers::ParamHeader,
    server_info::ServerInfo,
};

/// A tool, as its server describes it. All text comes from the server and is untrusted.
///
/// Serializes to the format of the protocol, and deserializes from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolDefinition {
    /// The name. It is case-sensitive and unique only within its server.
    pub name: String,
    /// The name for display.
    pub title: Option<String>,
    /// A description for the model.
    pub description: Option<String>,
    /// The JSON Schema of the arguments, exactly as the server sent it.
    pub input_schema: Schema,
    /// The JSON Schema of the structured content, exactly as the server sent it.
    pub output_schema: Option<Schema>,
    /// Hints about the tool's behaviour. Do not rely on them unless the server is trusted.
    pub annotations: Option<ToolAnnotations>,
    /// Icons for display.
    pub icons: Option<Vec<Icon>>,
    /// The `_meta` object, as the server sent it.
    #[serde(rename = "_meta")]
    pub meta: Option<JsonObject>,
}

/// The tools of a server.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolList {
    /// The usable tools, in the server's order. Equal lists may share them: see
    /// [`SharedToolLists`](crate::SharedToolLists).
    pub tools: Vec<Arc<ToolDefinition>>,
    /// The invalid entries, each with the reason.
    pub invalid: Vec<InvalidEntry>,
    /// The server's cache hint, if it sent one.
    pub cache: Option<CacheHint>,
}

/// The result of a tool call. If the tool itself fails, this is also a result: see `is_error`.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolResult {
    /// Text, images, audio and resources, in the server's order.
    pub content: Vec<ContentBlock>,
    /// The result as JSON, which follows the tool's output schema.
    pub structured_content: Option<Value>,
    /// If `true`, the tool reported an error.
    pub is_error: bool,
    /// The `_meta` object, as the server sent it.
    pub meta: Option<JsonObject>,
}

impl From<CallToolResult> for ToolResult {
    fn from(result: CallToolResult) -> Self {
        Self {
            content: result.content,
            structured_content: result.structured_content,
            is_error: result.is_error.unwrap_or(false),
            meta: result.meta.map(meta_to_object),
        }
    }
}

/// The parameter headers of tools, by the name of the tool.
pub(crate) type ToolParamHeaders = HashMap<String, Vec<ParamHeader>>;

impl ToolList {
    /// Separates usable tools from invalid ones. `stateful_server` describes the server if it is
    /// stateful. Only stateless servers have parameter headers.
    pub(crate) fn new(
        entries: &[Entry<Arc<ListedTool>>],
        stateful_server: Option<&ServerInfo>,
    ) -> (Self, ToolParamHeaders) {
        let mut names = HashSet::new();
        let mut param_headers = ToolParamHeaders::new();
        let mut list = Self::default();
        for entry in entries {
            let listed = match entry {
                Ok(listed) => listed,
                Err(invalid) => {
                    list.invalid.push(invalid.clone());
                    continue;
                }
            };
            match listed.check(stateful_server, &mut names) {
                Ok(headers) => {
                    list.tools.push(Arc::clone(&listed.tool));
                    if !headers.is_empty() {
                        param_headers.insert(listed.tool.name.clone(), headers.to_vec());
                    }
                }
                Err(reason) => list.invalid.push(InvalidEntry {
                    name: Some(listed.tool.name.clone()),
                    reason: reason.to_owned(),
                }),
            }
        }
        (list, param_headers)
    }
}

/// A page of tools.
pub(crate) type ToolPage = Page<Entry<Arc<ListedTool>>>;

/// A decoded tool, with the properties that decide whether it is usable.
#[derive(Debug)]
pub(crate) struct ListedTool {
    pub(crate) tool: Arc<ToolDefinition>,
    requires_task: bool,
    /// The parameter headers, or the reason why the annotations are invalid.
    param_headers: Result<Vec<ParamHeader>, String>,
}

impl ListedTool {
    fn new(tool: wire::Tool) -> Entry<Arc<Self>> {
        if !is_object_schema(&tool.input_schema) {
            let reason = "input schema: expected type \"object\"".to_owned();
            return Err(InvalidEntry { name: Some(tool.name), reason });
        }
        Ok(Arc::new(Self {
            requires_task: requires_task(&tool),
            param_headers: ParamHeader::of_schema(&tool.input_schema),
            tool: Arc::new(ToolDefinition {
                name: tool.name,
                title: tool.title,
                description: tool.description,
                input_schema: tool.input_schema,
                output_schema: tool.output_schema,
                annotations: tool.annotations,
                icons: tool.icons,
                meta: tool.meta,
            }),
        }))
    }

    /// Returns the parameter headers for this server.
    ///
    /// # Errors
    /// Returns the reason if the tool is not usable.
    fn check<'a>(
        &'a self,
        stateful_server: Option<&ServerInfo>,
        names: &mut HashSet<&'a str>,
    ) -> Result<&'a [ParamHeader], &'a str> {
        let headers = match (stateful_server, &self.param_headers) {
            (Some(stateful_server), _)
                if self.requires_task && stateful_server.runs_tools_as_tasks() =>
            {
                return Err("runs only as a task, which this client does not support");
            }
            (Some(_), _) => &[],
            (None, Ok(param_headers)) => &param_headers[..],
            (None, Err(reason)) => return Err(reason),
        };
        match names.insert(&self.tool.name) {
            true => Ok(headers),
            false => Err("duplicate tool name"),
        }
    }
}

/// Returns `true` if the schema has the type `object`, which the specification requires (MCP
/// server/tools, "Tool"). Model providers reject a whole request if one schema has another type.
fn is_object_schema(schema: &Schema) -> bool {
    let mut is_object_schema = false;
    let mut text = serde_json::Deserializer::from_str(schema.as_str());
    // Reading stops after the type, so this returns an error without meaning.
    let _ = text.deserialize_map(ReadType(&mut is_object_schema));
    is_object_schema
}

/// Reads a schema up to its type, and stores whether it is `object`. The type mostly comes first.
struct ReadType<'a>(&'a mut bool);

impl<'de> Visitor<'de> for ReadType<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schema")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut keywords: A) -> Result<(), A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Keyword {
            Type,
            #[serde(other)]
            Other,
        }
        while let Some(keyword) = keywords.next_key()? {
            match keyword {
                Keyword::Type => {
                    *self.0 = keywords.next_value::<&str>()? == "object";
                    break;
                }
                Keyword::Other => drop(keywords.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Returns `true` if the tool runs only as a task. `execution` is part of the protocol up to
/// 2025-11-25.
fn requires_task(tool: &wire::Tool) -> bool {
    let execution = tool.extra.get("execution");
    let support = execution.and_then(|execution| execution.get("taskSupport"));
    support.and_then(Value::as_str) == Some("required")
}

/// Decodes the result of a tool call.
pub(crate) fn decode_tool_result(
    message: &[u8],
) -> serde_json::Result<JsonRpcMessage<Outcome<ToolResult>>> {
    type WireResult = OrInputRequired<CallToolResult, InputRequiredResult>;
    let message = JsonRpcMessage::<WireResult>::from_slice(message)?;
    Ok(message.map(|result| Outcome::from(result).map(ToolResult::from)))
}

/// Decodes a page of tools in one pass. If that fails, decodes it entry by entry, so that one
/// invalid tool does not fail the list.
pub(crate) fn decode_tool_page(
    message: &[u8],
) -> serde_json::Result<JsonRpcMessage<Outcome<ToolPage>>> {
    let page = match JsonRpcMessage::<ListToolsResult>::from_slice(message) {
        Ok(page) => page.map(|page| {
            let kind = page.result_type.as_deref();
            let hint = CacheHint::new(page.ttl_ms, page.cache_scope.as_ref());
            let items = page.tools.into_iter().map(Ok).collect();
            Outcome::by_type(
                kind,
                Page { items, next: page.next_cursor, bytes: message.len(), hint },
            )
        }),
        Err(error) => decode_page(message).map_err(|_| error)?,
    };
    Ok(page.map(|outcome| outcome.map(|page| page.map(|entry| entry.and_then(ListedTool::new)))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_input_schema_needs_the_type_object() {
        // TOOL-04
        for text in [
            r#"{"type":"object"}"#,
            r#"{"properties":{"type":{"type":"string"}},"t\u0079pe" : "object","x":1}"#,
        ] {
            assert!(is_object_schema(&serde_json::from_str(text).unwrap()), "{text}");
        }
        for schema in [
            json!({}),
            json!({ "type": "string" }),
            json!({ "type": ["object"] }),
            json!({ "$defs": { "type": "object" } }),
            json!({ "Type": "object" }),
        ] {
            assert!(!is_object_schema(&Schema::from_value(schema.clone()).unwrap()), "{schema}");
        }
    }

    #[test]
    fn a_tool_without_an_object_schema_is_invalid() {
        // TOOL-04
        let page = json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": [
            { "name": "a", "inputSchema": { "type": "object" } },
            { "name": "b", "inputSchema": { "type": "string" } },
        ] } });
        let page = decode_tool_page(page.to_string().as_bytes()).unwrap();
        let JsonRpcMessage::Result { result: Outcome::Complete(page), .. } = page else {
            panic!("not a result")
        };
        let (list, _) = ToolList::new(&page.items, None);
        let names: Vec<_> = list.tools.iter().map(|tool| &*tool.name).collect();
        assert_eq!(names, ["a"]);
        let invalid: Vec<_> =
            list.invalid.iter().map(|it| (it.name.as_deref(), &*it.reason)).collect();
        assert_eq!(invalid, [(Some("b"), "input schema: expected type \"object\"")]);
    }

    #[test]
    fn a_page_with_too_many_objects_is_an_error() {
        let tools = vec!["{}"; JsonRpcMessage::<ListToolsResult>::MAX_CONTAINERS].join(",");
        let page = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{tools}]}}}}"#);
        let Err(error) = decode_tool_page(page.as_bytes()) else { panic!("accepted") };
        assert_eq!(error.to_string(), "more than 500000 objects and arrays");
    }
}
