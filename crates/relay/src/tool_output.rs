//! The output of a tool call, and its plain text for a model.

use mcp_client::{
    ToolResult,
    mcp_types::{
        JsonObject,
        v2025_11_25::{ContentBlock, ResourceContents, TextContent},
    },
};
use serde_json::Value;

/// The complete output of a tool call.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolOutput {
    /// Texts, images, audio and resources, in the order of the server.
    pub content: Vec<ContentBlock>,
    /// The structured content, a JSON value that follows the output schema of the tool.
    pub structured_content: Option<Value>,
    /// True if the tool reported an error.
    pub is_error: bool,
    /// The `_meta` of the result, unchanged.
    pub meta: Option<JsonObject>,
}

impl ToolOutput {
    /// Returns the output as plain text for a model.
    ///
    /// - Texts are joined with line feeds.
    /// - If there is no text, each image becomes `[Image data available]`.
    /// - If there are no images either, the text is the structured content as JSON.
    /// - If there is no structured content either, each other block becomes a text: the text of an
    ///   embedded resource, or a name such as `[Audio data available]`.
    /// - If there are no blocks, the text is `Tool executed successfully`.
    /// - If the tool reported an error, the text begins with `ERROR: `.
    pub fn text(&self) -> String {
        let body = join(self.content.iter().filter_map(text))
            .or_else(|| join(self.content.iter().filter_map(image)))
            .or_else(|| self.structured_content.as_ref().map(Value::to_string))
            .or_else(|| join(self.content.iter().filter_map(other)));
        match (body, self.is_error) {
            (Some(body), false) => body,
            (Some(body), true) => format!("ERROR: {body}"),
            (None, false) => "Tool executed successfully".to_owned(),
            (None, true) => "ERROR: Tool executed".to_owned(),
        }
    }
}

/// Creates an output of plain text. An interceptor may return it without calling the tool.
impl From<String> for ToolOutput {
    fn from(text: String) -> Self {
        let content = vec![ContentBlock::Text(TextContent::new(text))];
        Self { content, ..Self::default() }
    }
}

impl From<ToolResult> for ToolOutput {
    fn from(result: ToolResult) -> Self {
        let ToolResult { content, structured_content, is_error, meta, .. } = result;
        Self { content, structured_content, is_error, meta }
    }
}

fn join(lines: impl Iterator<Item = String>) -> Option<String> {
    lines.reduce(|text, line| text + "\n" + &line)
}

fn text(block: &ContentBlock) -> Option<String> {
    match block {
        ContentBlock::Text(text) if !text.text.is_empty() => Some(text.text.clone()),
        _ => None,
    }
}

fn image(block: &ContentBlock) -> Option<String> {
    matches!(block, ContentBlock::Image(_)).then(|| "[Image data available]".to_owned())
}

/// Returns the text that a model gets for a block if the provider accepts only text.
pub(crate) fn placeholder(block: &ContentBlock) -> String {
    text(block).or_else(|| image(block)).or_else(|| other(block)).unwrap_or_default()
}

/// Returns the text for any block except text and images.
fn other(block: &ContentBlock) -> Option<String> {
    match block {
        ContentBlock::Audio(_) => Some("[Audio data available]".to_owned()),
        ContentBlock::ResourceLink(link) => Some(format!("[Resource {}]", link.uri)),
        ContentBlock::Resource(resource) => Some(match &resource.resource {
            ResourceContents::Text(contents) => contents.text.clone(),
            ResourceContents::Blob(contents) => format!("[Resource {}]", contents.uri),
            _ => "[Resource of an unknown kind]".to_owned(),
        }),
        ContentBlock::Unknown(block) => {
            let kind = block.get("type").and_then(Value::as_str).unwrap_or("unknown");
            Some(format!("[Content of type {kind:?}]"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(content: Value, is_error: bool, structured: Option<Value>) -> String {
        let content = serde_json::from_value(content).unwrap();
        let structured_content = structured;
        ToolOutput { content, is_error, structured_content, meta: None }.text()
    }

    #[test]
    fn texts_are_joined_and_images_are_named() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        let image = json!({ "type": "image", "data": "aGk=", "mimeType": "image/png" });
        let one = "[Image data available]";
        for (content, expected) in [
            (json!([text("a"), text("b")]), "a\nb"),
            (json!([text("a"), image, text("b")]), "a\nb"),
            (json!([image]), one),
            (json!([image, image]), &format!("{one}\n{one}")),
            (json!([text("")]), "Tool executed successfully"),
            (json!([]), "Tool executed successfully"),
        ] {
            assert_eq!(rendered(content.clone(), false, None), expected);
            let failed = match expected {
                "Tool executed successfully" => "ERROR: Tool executed".to_owned(),
                expected => format!("ERROR: {expected}"),
            };
            assert_eq!(rendered(content, true, None), failed);
        }
    }

    #[test]
    fn other_content_is_rendered_if_there_is_no_text() {
        // TOOL-12, TOOL-18
        let structured = Some(json!({ "sum": 3 }));
        assert_eq!(rendered(json!([]), false, structured.clone()), r#"{"sum":3}"#);
        let text = json!([{ "type": "text", "text": "3" }]);
        assert_eq!(rendered(text, false, structured), "3");
        for (block, expected) in [
            (
                json!({ "type": "audio", "data": "", "mimeType": "audio/wav" }),
                "[Audio data available]",
            ),
            (json!({ "type": "resource_link", "uri": "a:b", "name": "b" }), "[Resource a:b]"),
            (json!({ "type": "resource", "resource": { "uri": "a:b", "text": "t" } }), "t"),
            (
                json!({ "type": "resource", "resource": { "uri": "a:b", "blob": "" } }),
                "[Resource a:b]",
            ),
            (json!({ "type": "video", "x": 1 }), r#"[Content of type "video"]"#),
        ] {
            assert_eq!(rendered(json!([block]), false, None), expected);
        }
    }
}
