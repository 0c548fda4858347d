//! Tool definitions, calls and results in the formats of LLM providers.

mod definitions;
mod support;
mod tool_calls;
mod tool_results;
