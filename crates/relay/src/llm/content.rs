//! The content of a tool output in the format of each provider.

use serde_json::{Value, json};

use super::content_part::ContentPart;
use crate::tool_output::ToolOutput;

/// Returns the `content` of a Chat Completions message, which is text only.
pub(super) fn openai(output: &ToolOutput) -> String {
    plain(output, &output.parts())
}

/// Returns the `output` of a `function_call_output` of Responses: text, or a list if there is other
/// content.
pub(super) fn openai_responses(output: &ToolOutput) -> Value {
    let parts = output.parts();
    let data = |base64: &str, mime_type: &str| {
        let url = || format!("data:{mime_type};base64,{base64}");
        match mime_type {
            "application/pdf" => {
                let name = "document.pdf";
                Some(json!({ "type": "input_file", "filename": name, "file_data": url() }))
            }
            _ if is_picture(mime_type) => {
                Some(json!({ "type": "input_image", "image_url": url() }))
            }
            _ => None,
        }
    };
    let text = |part: &ContentPart<'_>| json!({ "type": "input_text", "text": part.text() });
    let blocks: Vec<_> = blocks(&parts, text, data).collect();
    if blocks.iter().all(|block| block["type"] == "input_text") {
        return Value::String(plain(output, &parts));
    }
    let failed = output.is_error.then(|| text(&ContentPart::Text("ERROR:".into())));
    failed.into_iter().chain(blocks).collect()
}

/// Returns the `content` of an Anthropic `tool_result`. If the tool reported an error, it is text
/// only.
pub(super) fn anthropic(output: &ToolOutput) -> Vec<Value> {
    let text = |part: &ContentPart<'_>| json!({ "type": "text", "text": part.text() });
    let data = |base64: &str, mime_type: &str| {
        let kind = match mime_type {
            _ if output.is_error => return None,
            "application/pdf" => "document",
            _ if is_picture(mime_type) => "image",
            _ => return None,
        };
        let source = json!({ "type": "base64", "media_type": mime_type, "data": base64 });
        Some(json!({ "type": kind, "source": source }))
    };
    blocks(&output.parts(), text, data).collect()
}

/// Returns the `response` and the `parts` of Gemini's `functionResponse`.
pub(super) fn gemini(output: &ToolOutput) -> (Value, Vec<Value>) {
    let (mut other, mut inline) = (Vec::new(), Vec::new());
    for part in output.parts() {
        match &part {
            ContentPart::Data { base64, mime_type, .. } if is_inline(mime_type) => {
                inline.push(json!({ "inlineData": { "mimeType": mime_type, "data": base64 } }));
            }
            _ => other.push(part),
        }
    }
    let other = match &other[..] {
        [] => json!("attached"),
        [ContentPart::Json { value, .. }] => (*value).clone(),
        other => json!(joined(other)),
    };
    let key = if output.is_error { "error" } else { "output" };
    (json!({ key: other }), inline)
}

/// Returns the `content` of a Bedrock `toolResult`. The names of documents are unique in a
/// conversation. If the tool reported an error, the content is text and JSON only, as Anthropic
/// models require.
pub(super) fn bedrock(output: &ToolOutput, call: &str) -> Vec<Value> {
    let call: String = call.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    let mut documents = 0;
    let text = |part: &ContentPart<'_>| match part {
        ContentPart::Json { value: value @ Value::Object(_), .. } => json!({ "json": value }),
        part => json!({ "text": part.text() }),
    };
    let data = |base64: &str, mime_type: &str| {
        let source = json!({ "bytes": base64 });
        if output.is_error {
            return None;
        }
        if is_picture(mime_type) {
            let format = mime_type.trim_start_matches("image/");
            return Some(json!({ "image": { "format": format, "source": source } }));
        }
        let format = document_format(mime_type)?;
        documents += 1;
        let name = format!("document {documents} of {call}");
        Some(json!({ "document": { "format": format, "name": name, "source": source } }))
    };
    blocks(&output.parts(), text, data).collect()
}

/// Converts parts to blocks. `data` returns a block if the provider accepts the MIME type.
fn blocks(
    parts: &[ContentPart<'_>],
    text: impl Fn(&ContentPart<'_>) -> Value,
    mut data: impl FnMut(&str, &str) -> Option<Value>,
) -> impl Iterator<Item = Value> {
    parts.iter().map(move |part| match part {
        ContentPart::Data { base64, mime_type, .. } => {
            data(base64, mime_type).unwrap_or_else(|| text(part))
        }
        part => text(part),
    })
}

/// Returns all parts as one text. It begins with `ERROR: ` if the tool reported an error.
fn plain(output: &ToolOutput, parts: &[ContentPart<'_>]) -> String {
    let failed = if output.is_error { "ERROR: " } else { "" };
    format!("{failed}{}", joined(parts))
}

fn joined(parts: &[ContentPart<'_>]) -> String {
    parts.iter().map(ContentPart::text).collect::<Vec<_>>().join("\n")
}

/// Returns whether OpenAI, Anthropic and Bedrock accept an image of this type.
fn is_picture(mime_type: &str) -> bool {
    matches!(mime_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

/// Returns whether Gemini accepts data of this type in a `functionResponse`.
fn is_inline(mime_type: &str) -> bool {
    matches!(mime_type, "image/png" | "image/jpeg" | "image/webp" | "application/pdf")
}

/// Returns the Bedrock name of a document type (API reference, "DocumentBlock").
fn document_format(mime_type: &str) -> Option<&'static str> {
    Some(match mime_type {
        "application/pdf" => "pdf",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "text/csv" => "csv",
        "text/html" => "html",
        "text/markdown" => "md",
        "text/plain" => "txt",
        _ => return None,
    })
}
