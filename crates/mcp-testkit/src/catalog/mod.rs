//! The tools, prompts and resources of a server, and the requests that they send to clients.

mod entries;
mod tool;
mod prompt;
mod resource;
mod completion;
mod entry;
mod step;
mod call_result;
mod server_request;

pub use self::{
    call_result::CallResult,
    prompt::TestPrompt,
    resource::{TestResource, TestResourceTemplate},
    server_request::ServerRequest,
    step::{Step, StepContext},
    tool::TestTool,
};
pub(crate) use self::{
    completion::CompletionHandler,
    entries::{Catalog, Entries, invalid_params_error, page_cursor},
    entry::{Entry, EntryKind},
    resource::match_template,
    step::{Action, StepHandler, StepResult},
};
