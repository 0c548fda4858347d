//! Messages: reading tool calls from the response of a model, and writing their results.

use serde_json::{Value, json};

use super::{api::Api, content, tool_call::ToolCall, tool_call_result::ToolCallResult};
use crate::{conversion::Provider, error::Error, tool_output::ToolOutput};

impl Provider {
    /// Returns the tool calls in the response of a model, in order.
    ///
    /// `response` is the whole response of the provider. For all APIs except OpenAI's Responses, it
    /// may also be only the message in the response. A streamed response must be assembled first.
    /// Other parts of the response are ignored.
    ///
    /// # Examples
    ///
    /// ```
    /// use relay::Provider;
    /// use serde_json::json;
    ///
    /// let response = json!({
    ///     "content": [
    ///         { "type": "text", "text": "Let me look." },
    ///         { "type": "tool_use", "id": "toolu_1", "name": "relay__a__b", "input": { "x": 1 } },
    ///     ],
    /// });
    /// let calls = Provider::Anthropic.tool_calls(&response);
    /// assert_eq!(calls.len(), 1);
    /// assert_eq!(calls[0].id, "toolu_1");
    /// assert_eq!(calls[0].name, "relay__a__b");
    /// ```
    pub fn tool_calls(self, response: &Value) -> Vec<ToolCall> {
        let within = |message| response.pointer(message).unwrap_or(response);
        let items = match self.api() {
            Api::Chat => &within("/choices/0/message")["tool_calls"],
            Api::Responses => &response["output"],
            Api::Messages => &response["content"],
            Api::GenerateContent => &within("/candidates/0/content")["parts"],
            Api::Converse => &within("/output/message")["content"],
        };
        items.as_array().into_iter().flatten().filter_map(|item| self.call(item)).collect()
    }

    fn call(self, item: &Value) -> Option<ToolCall> {
        let is = |kind| (item["type"] == kind).then_some(item);
        let (call, id, arguments) = match self.api() {
            Api::Chat => (item.get("function")?, &item["id"], "arguments"),
            Api::Responses => (is("function_call")?, &item["call_id"], "arguments"),
            Api::Messages => (is("tool_use")?, &item["id"], "input"),
            Api::GenerateContent => {
                let call = item.get("functionCall")?;
                (call, &call["id"], "args")
            }
            Api::Converse => {
                let call = item.get("toolUse")?;
                (call, &call["toolUseId"], "input")
            }
        };
        let (id, name) = (id.as_str().unwrap_or_default(), call["name"].as_str()?);
        Some(ToolCall::new(id, name, parse_arguments(&call[arguments])))
    }

    /// Returns the part of a message with the output of one call. [`Provider::tool_results`]
    /// combines these parts into messages.
    ///
    /// - OpenAI's Chat Completions: a message with the role `tool`. It contains text only (API
    ///   reference, "Create chat completion").
    /// - OpenAI's Responses: a `function_call_output`. It contains text, images and PDF files (API
    ///   reference, "Create a model response").
    /// - Anthropic: a `tool_result` with `is_error`. It contains text, images and PDF documents
    ///   (Claude docs, "Handle tool calls").
    /// - Gemini: a `functionResponse`. It contains JSON, images and PDF documents. Models before
    ///   Gemini 3 reject images and documents (Gemini API docs, "Function calling with the Gemini
    ///   API").
    /// - Bedrock: a `toolResult`, with a `status` if the tool reported an error. It contains text,
    ///   JSON objects, images and documents (API reference, "ToolResultBlock" and
    ///   "ToolResultContentBlock").
    ///
    /// Images are PNG, JPEG and WebP, and also GIF except for Gemini. For Anthropic and Bedrock, an
    /// error contains no images and no documents. According to their documentation, no provider
    /// accepts audio here.
    ///
    /// Content that the provider does not accept is replaced by a text that names it. Structured
    /// content is included unless a text contains the same JSON. If the format has no member for
    /// errors, the text of an error begins with `ERROR: `.
    pub fn tool_result(self, call: &ToolCall, output: &ToolOutput) -> Value {
        let ToolCall { id, name, .. } = call;
        match self.api() {
            Api::Chat => {
                json!({ "role": "tool", "tool_call_id": id, "content": content::openai(output) })
            }
            Api::Responses => {
                let output = content::openai_responses(output);
                json!({ "type": "function_call_output", "call_id": id, "output": output })
            }
            Api::Messages => {
                let (content, is_error) = (content::anthropic(output), output.is_error);
                json!({
                    "type": "tool_result",
                    "tool_use_id": id,
                    "content": content,
                    "is_error": is_error,
                })
            }
            Api::GenerateContent => {
                let (response, parts) = content::gemini(output);
                let mut message = json!({ "name": name, "response": response });
                // Gemini matches results without an id by their order, and rejects an empty list.
                if !id.is_empty() {
                    message["id"] = json!(id);
                }
                if !parts.is_empty() {
                    message["parts"] = Value::Array(parts);
                }
                json!({ "functionResponse": message })
            }
            Api::Converse => {
                let mut result =
                    json!({ "toolUseId": id, "content": content::bedrock(output, id) });
                // Some models do not accept a status. Without a status, the result is a success.
                if output.is_error {
                    result["status"] = json!("error");
                }
                json!({ "toolResult": result })
            }
        }
    }

    /// Returns the messages with the results of all calls in a response. Append them after the
    /// response.
    ///
    /// Providers require the results of all calls in a response together. If there are no results,
    /// there are no messages. An error that a model may see becomes a result; see
    /// [`Error::to_tool_output`].
    ///
    /// # Errors
    ///
    /// Returns the first error that only the application may see, such as [`Error::Authorization`].
    pub fn tool_results(self, results: &[ToolCallResult]) -> Result<Vec<Value>, Error> {
        let part = |ToolCallResult { call, result }: &ToolCallResult| {
            let output = match result {
                Ok(output) => return Ok(self.tool_result(call, output)),
                Err(error) => error.to_tool_output().ok_or_else(|| error.clone())?,
            };
            Ok(self.tool_result(call, &output))
        };
        let parts = results.iter().map(part).collect::<Result<Vec<_>, _>>()?;
        Ok(match self.api() {
            _ if parts.is_empty() => parts,
            Api::Chat | Api::Responses => parts,
            Api::Messages | Api::Converse => vec![json!({ "role": "user", "content": parts })],
            Api::GenerateContent => {
                vec![json!({ "role": "user", "parts": parts })]
            }
        })
    }
}

/// Parses arguments. OpenAI sends them as text, which is empty if there are no arguments.
fn parse_arguments(arguments: &Value) -> Value {
    match arguments {
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| arguments.clone()),
        Value::Null => json!({}),
        arguments => arguments.clone(),
    }
}
