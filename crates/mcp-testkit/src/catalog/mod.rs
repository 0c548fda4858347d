//! What a server offers: tools, prompts, resources and completions.

mod entries;
mod tool;
mod prompt;
mod resource;
mod completion;
mod entry;
mod step;
mod call_result;
mod elicitation;

pub use self::{
    call_result::CallAnswer,
    elicitation::Ask,
    prompt::Prompt,
    resource::{Resource, ResourceTemplate},
    step::{Round, Turn},
    tool::Tool,
};
pub(crate) use self::{
    completion::Completion,
    entries::{Catalog, Entries, cursor, invalid},
    entry::{Entry, Kind},
    resource::variables,
    step::{Step, Steps, Then},
};
