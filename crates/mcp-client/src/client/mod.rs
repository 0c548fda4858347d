//! The client: typed requests to one server for one user.

mod builder;
mod subscription;
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
    subscription::{Subscription, SubscriptionFilter},
};
