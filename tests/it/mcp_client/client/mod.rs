//! The public methods of `Client`: tools, prompts, resources, call options, watching.

mod call_options;
mod capabilities;
mod close;
mod pagination;
mod prompts;
mod resources;
mod tools;
mod subscriptions;
