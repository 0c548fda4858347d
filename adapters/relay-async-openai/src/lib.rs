//! Relay's tools in the types of async-openai: [`chat`] for Chat Completions, [`responses`] for
//! Responses.
//!
//! Both have the same three steps. `tools` returns the definitions for a request. `calls` reads the
//! tool calls of a model's response, and [`Toolset::call_all`](relay::Toolset::call_all) runs them.
//! `results` converts their results for the next request.

pub mod chat;
pub mod responses;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Converts Relay's JSON to the types of async-openai for the same API.
fn typed<T: DeserializeOwned>(values: Vec<Value>) -> Vec<T> {
    let typed = |value| serde_json::from_value(value).expect("JSON of the same API");
    values.into_iter().map(typed).collect()
}
