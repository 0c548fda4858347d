//! The parts of a tool output that a model gets.

use std::{borrow::Cow, mem};

use mcp_client::mcp_types::v2025_11_25::{ContentBlock, ResourceContents};
use serde_json::Value;

use crate::tool_output::{self, ToolOutput};

/// A part of a tool output, independent of the provider format.
///
/// [`Provider::tool_result`](crate::Provider::tool_result) converts the parts to the format of a
/// provider. To use another format, convert the parts yourself.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ContentPart<'a> {
    /// A text. It is never blank, because providers reject blank texts.
    Text(Cow<'a, str>),
    /// The structured content.
    Json {
        /// The structured content.
        value: &'a Value,
        /// The content as text. If the server sent the same content as text, this is the server's
        /// text.
        text: Cow<'a, str>,
    },
    /// An image, audio, or another file.
    Data {
        /// The bytes as valid base64.
        base64: &'a str,
        /// The MIME type, in lower case and without parameters. Empty if it is unknown.
        mime_type: String,
        /// A text that names the data, for providers that do not accept it.
        placeholder: String,
    },
}

impl ContentPart<'_> {
    /// Returns the part as text.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Json { text, .. } => text,
            Self::Data { placeholder, .. } => placeholder,
        }
    }
}

impl ToolOutput {
    /// Returns the parts of the output, in the order of the server. There is always at least one
    /// part.
    ///
    /// The structured content is the last part. If a text contains the same JSON, the structured
    /// content replaces that text instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use relay::{ContentPart, ToolOutput};
    ///
    /// let output = ToolOutput::from("sunny".to_owned());
    /// assert_eq!(output.parts(), [ContentPart::Text("sunny".into())]);
    /// ```
    pub fn parts(&self) -> Vec<ContentPart<'_>> {
        let mut structured = self.structured_content.as_ref();
        let mut parts: Vec<_> = self.content.iter().map(part).collect();
        for part in &mut parts {
            // Servers also send structured content as text (MCP server/tools, "Structured
            // Content").
            if let (Some(value), ContentPart::Text(text)) = (structured, &mut *part)
                && serde_json::from_str::<Value>(text).is_ok_and(|text| text == *value)
            {
                *part = ContentPart::Json { value, text: mem::take(text) };
                structured = None;
            }
        }
        parts.extend(
            structured.map(|value| ContentPart::Json { value, text: value.to_string().into() }),
        );
        parts.retain(|part| !part.text().trim().is_empty());
        if parts.is_empty() {
            let nothing = if self.is_error { "Tool failed" } else { "Tool executed successfully" };
            parts.push(ContentPart::Text(nothing.into()));
        }
        parts
    }
}

fn part(block: &ContentBlock) -> ContentPart<'_> {
    let (base64, mime_type) = match block {
        ContentBlock::Text(text) => return ContentPart::Text(text.text.as_str().into()),
        ContentBlock::Image(image) => (&image.data, Some(&image.mime_type)),
        ContentBlock::Audio(audio) => (&audio.data, Some(&audio.mime_type)),
        ContentBlock::Resource(resource) => match &resource.resource {
            ResourceContents::Blob(blob) => (&blob.blob, blob.mime_type.as_ref()),
            _ => return ContentPart::Text(tool_output::placeholder(block).into()),
        },
        _ => return ContentPart::Text(tool_output::placeholder(block).into()),
    };
    let placeholder = tool_output::placeholder(block);
    match is_base64(base64) {
        true => ContentPart::Data { base64, mime_type: essence(mime_type), placeholder },
        // With invalid base64, a provider would reject the whole conversation.
        false => ContentPart::Text(placeholder.into()),
    }
}

/// Returns the MIME type in lower case, without parameters, and in the spelling of the providers.
fn essence(mime_type: Option<&String>) -> String {
    let essence = mime_type.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    match essence.trim().to_ascii_lowercase() {
        kind if kind == "image/jpg" => "image/jpeg".to_owned(),
        kind => kind,
    }
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    !digits.is_empty()
        && text.len().is_multiple_of(4)
        && text.len() - digits.len() < 3
        && digits.bytes().all(is_digit)
}
