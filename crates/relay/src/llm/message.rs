//! Reading of tool calls from a model's answer, and writing of their results as messages.

use serde_json::{Value, json};

use super::{api::Api, content, tool_call::ToolCall, tool_call_result::ToolCallResult};
use crate::{conversion::Provider, error::Error, tool_output::ToolOutput};

impl Provider {
    /// The calls that a model's answer asks for, in its order.
    ///
    /// `answer` is the whole response of the provider; where a message is part of it, as with all but
    /// Responses, also that message alone. An answer that was streamed has to be put together first.
    /// What is no call is passed over.
    ///
    /// ```
    /// use relay::Provider;
    /// use serde_json::json;
    ///
    /// let answer = json!({ "content": [
    ///     { "type": "text", "text": "Let me look." },
    ///     { "type": "tool_use", "id": "toolu_1", "name": "relay__a__b", "input": { "x": 1 } },
    /// ] });
    /// let calls = Provider::Anthropic.tool_calls(&answer);
    /// assert_eq!((&*calls[0].id, &*calls[0].name), ("toolu_1", "relay__a__b"));
    /// ```
    pub fn tool_calls(self, answer: &Value) -> Vec<ToolCall> {
        let within = |message| answer.pointer(message).unwrap_or(answer);
        let items = match self.api() {
            Api::Chat => &within("/choices/0/message")["tool_calls"],
            Api::Responses => &answer["output"],
            Api::Messages => &answer["content"],
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
        Some(ToolCall::new(id, name, read(&call[arguments])))
    }

    /// The part of a message that gives a model the output of a call; [`Provider::tool_results`] puts them
    /// together.
    ///
    /// - OpenAI's Chat Completions: a message of the role `tool`, of text alone (API reference,
    ///   "Create chat completion").
    /// - Responses: a `function_call_output`, of text, images and PDF files (API reference, "Create a
    ///   model response").
    /// - Anthropic: a `tool_result`, of text, images and PDF documents, with `is_error` (Claude docs,
    ///   "Handle tool calls").
    /// - Gemini: a `functionResponse`, of JSON, and of images and PDF documents, which models before
    ///   Gemini 3 refuse (Gemini API docs, "Function calling with the Gemini API").
    /// - Bedrock: a `toolResult`, of text, JSON objects, images and documents, with `status` where it
    ///   failed (API reference, "ToolResultBlock" and "ToolResultContentBlock").
    ///
    /// Images are PNG, JPEG and WebP, and GIF for all but Gemini; with Anthropic and Bedrock, a failure
    /// has none, and no documents. No provider says that it takes audio here. What is not taken is a
    /// text that names it, so that the model knows of it. Structured content is given unless a text says
    /// the same. Where there is no other way to say that the tool failed, `ERROR: ` comes first.
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
                // Gemini pairs by order what has no id, and refuses an empty list.
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
                // Not all of its models take one, and success is what it is taken for without.
                if output.is_error {
                    result["status"] = json!("error");
                }
                json!({ "toolResult": result })
            }
        }
    }

    /// The messages that give a model what became of its calls, to follow the answer that asked for
    /// them; none where there was no call. Providers want the results of all calls of an answer at
    /// once.
    ///
    /// An [error](Error::to_tool_output) that a model can do something about is a result too.
    ///
    /// # Errors
    /// The first that is for the application alone, such as [`Error::Authorization`].
    pub fn tool_results(self, called: &[ToolCallResult]) -> Result<Vec<Value>, Error> {
        let result = |called: &ToolCallResult| {
            let output = match &called.result {
                Ok(output) => return Ok(self.tool_result(&called.call, output)),
                Err(error) => error.to_tool_output().ok_or_else(|| error.clone())?,
            };
            Ok(self.tool_result(&called.call, &output))
        };
        let results = called.iter().map(result).collect::<Result<Vec<_>, _>>()?;
        Ok(match self.api() {
            _ if results.is_empty() => results,
            Api::Chat | Api::Responses => results,
            Api::Messages | Api::Converse => vec![json!({ "role": "user", "content": results })],
            Api::GenerateContent => {
                vec![json!({ "role": "user", "parts": results })]
            }
        })
    }
}

/// Parses arguments. OpenAI sends them as text, which is empty if there are none.
fn read(arguments: &Value) -> Value {
    match arguments {
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| arguments.clone()),
        Value::Null => json!({}),
        arguments => arguments.clone(),
    }
}
