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

/// A tool as its server describes it. All text is the server's own and untrusted. It serializes as a
/// server writes it, and deserializes from that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolDefinition {
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
    #[serde(rename = "_meta")]
    pub meta: Option<JsonObject>,
}

/// The tools that a server offers.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolList {
    /// The tools that can be called, in the server's order. Equal lists may share them: see
    /// [`SharedToolLists`](crate::SharedToolLists).
    pub tools: Vec<Arc<ToolDefinition>>,
    /// Entries of the list that cannot be offered, each with the reason.
    pub invalid: Vec<InvalidEntry>,
    /// How long the list may be kept, and for whom, where the server says so.
    pub cache: Option<CacheHint>,
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
    /// Separates usable tools from invalid ones. A stateful server has a `profile`. Only stateless
    /// servers have parameter headers.
    pub(crate) fn new(
        entries: &[Entry<Arc<ListedTool>>],
        profile: Option<&ServerInfo>,
    ) -> (Self, ToolParamHeaders) {
        let mut names = HashSet::new();
        let mut param_headers = ToolParamHeaders::new();
        let mut list = Self::default();
        for entry in entries {
            let listed = match entry {
                Ok(listed) => listed,
                Err(refused) => {
                    list.invalid.push(refused.clone());
                    continue;
                }
            };
            match listed.check(profile, &mut names) {
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

/// A decoded tool, and what decides whether it is usable.
#[derive(Debug)]
pub(crate) struct ListedTool {
    pub(crate) tool: Arc<ToolDefinition>,
    requires_task: bool,
    /// Its parameter headers; an error if its annotations are invalid.
    param_headers: Result<Vec<ParamHeader>, String>,
}

impl ListedTool {
    fn new(tool: wire::Tool) -> Entry<Arc<Self>> {
        if !is_object_schema(&tool.input_schema) {
            let reason = "the schema of its arguments is not of type \"object\"".to_owned();
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

    /// Returns the parameter headers for this server, or why the tool is not usable.
    fn check<'a>(
        &'a self,
        profile: Option<&ServerInfo>,
        names: &mut HashSet<&'a str>,
    ) -> Result<&'a [ParamHeader], &'a str> {
        let headers = match (profile, &self.param_headers) {
            (Some(profile), _) if self.requires_task && profile.runs_tools_as_tasks() => {
                return Err("it runs only as a task, which this client does not support");
            }
            (Some(_), _) => &[],
            (None, Ok(param_headers)) => &param_headers[..],
            (None, Err(reason)) => return Err(reason),
        };
        match names.insert(&self.tool.name) {
            true => Ok(headers),
            false => Err("another tool of this server has the same name"),
        }
    }
}

/// Whether a schema is of the only type that arguments have (MCP server/tools, "Tool"). A model's
/// provider refuses a request whole over one that is not.
fn is_object_schema(schema: &Schema) -> bool {
    let mut is_object_schema = false;
    let mut text = serde_json::Deserializer::from_str(schema.get());
    // What follows the type is left, so that it ends with an error which means nothing.
    let _ = text.deserialize_map(ReadType(&mut is_object_schema));
    is_object_schema
}

/// Reads a schema as far as its type, and says whether that is `object`. Mostly it comes first.
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

/// `execution` was part of the protocol up to 2025-11-25.
fn requires_task(tool: &wire::Tool) -> bool {
    let execution = tool.extra.get("execution");
    let support = execution.and_then(|execution| execution.get("taskSupport"));
    support.and_then(Value::as_str) == Some("required")
}

/// Decodes the result of a call.
pub(crate) fn decode_tool_result(
    message: &[u8],
) -> serde_json::Result<JsonRpcMessage<Outcome<ToolResult>>> {
    type Answer = OrInputRequired<CallToolResult, InputRequiredResult>;
    let message = JsonRpcMessage::<Answer>::from_slice(message)?;
    Ok(message.map(|result| Outcome::from(result).map(ToolResult::from)))
}

/// Decodes a page of tools in one pass; where that fails, entry by entry, so that one bad tool does
/// not spoil the list.
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
    fn a_page_with_too_many_objects_is_an_error() {
        let tools = vec!["{}"; JsonRpcMessage::<ListToolsResult>::CONTAINERS].join(",");
        let page = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{tools}]}}}}"#);
        let Err(error) = decode_tool_page(page.as_bytes()) else { panic!("taken") };
        assert_eq!(error.to_string(), "more than 500000 objects and arrays");
    }
}
