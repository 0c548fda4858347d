//! Tools, prompts, resources and completions.

mod call_result;
mod completion;
mod entries;
mod prompt;
mod resource;
