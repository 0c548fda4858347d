//! The tools of Relay in the types of async-openai: [`chat`] for Chat Completions, [`responses`] for
//! Responses.
//!
//! Both have the same three steps: `tools` gives the definitions for a request, `calls` reads the
//! calls of a model's answer, which [`Toolset::call_all`](relay::Toolset::call_all) makes, and `results`
//! turns what became of them into what is sent next.

pub mod chat;
pub mod responses;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Relay's words of an interface in the types of async-openai, which are those of the same interface.
fn typed<T: DeserializeOwned>(words: Vec<Value>) -> Vec<T> {
    let typed = |words| serde_json::from_value(words).expect("words of the interface");
    words.into_iter().map(typed).collect()
}
