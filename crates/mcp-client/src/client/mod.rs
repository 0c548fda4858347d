//! The client: typed calls to one server for one user.

mod builder;
mod watch;
mod resubscribe;
mod tools;
mod prompts;
mod resources;
mod lists;
mod completion;
mod utilities;
mod client;

pub use self::{
    builder::Builder,
    client::Client,
    completion::Completing,
    prompts::PromptResult,
    resources::ResourceResult,
    watch::{Changes, Watch},
};
