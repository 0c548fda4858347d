//! The parts of an output that a model gets.

use std::{borrow::Cow, mem};

use mcp_client::mcp_types::v2025_11_25::{ContentBlock, ResourceContents};
use serde_json::Value;

use crate::tool_output::{self, ToolOutput};

/// A part of an output, as a model may take it.
///
/// [`Provider::tool_result`](crate::Provider::tool_result) puts the parts into the words of a provider; those
/// who speak with a model by other means do the same.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ContentPart<'a> {
    /// A text; never blank, which providers refuse.
    Text(Cow<'a, str>),
    /// The structured content.
    Json {
        /// The content.
        value: &'a Value,
        /// The same as a text, the server's own where it gives one.
        text: Cow<'a, str>,
    },
    /// An image, audio, or another file.
    Data {
        /// The bytes in base64, which is valid.
        base64: &'a str,
        /// Their MIME type, in lower case and without parameters; empty where it is not known.
        mime_type: String,
        /// What says that there is something, where it is not taken.
        stand_in: String,
    },
}

impl ContentPart<'_> {
    /// The part as a text.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Json { text, .. } => text,
            Self::Data { stand_in, .. } => stand_in,
        }
    }
}

impl ToolOutput {
    /// All that the output has to say, in the server's order; never nothing. The structured content is
    /// last, or in the place of a text that says the same.
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
            // Servers say structured content as a text too (MCP server/tools, "Structured Content").
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
            _ => return ContentPart::Text(tool_output::stand_in(block).into()),
        },
        _ => return ContentPart::Text(tool_output::stand_in(block).into()),
    };
    let stand_in = tool_output::stand_in(block);
    match is_base64(base64) {
        true => ContentPart::Data { base64, mime_type: essence(mime_type), stand_in },
        // A provider would refuse the whole conversation for it.
        false => ContentPart::Text(stand_in.into()),
    }
}

/// Returns the MIME type in lower case, without parameters, and as providers spell it.
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
