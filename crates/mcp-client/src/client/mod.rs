//! The client: typed requests to one server for one user.

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
    builder::ClientBuilder,
    client::Client,
    completion::CompletionRequest,
    prompts::PromptResult,
    resources::ResourceResult,
    watch::{Subscription, SubscriptionFilter},
};
