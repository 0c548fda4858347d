//! Users: tokens and their servers, isolation, toolsets, resources and prompts, pending calls.

mod authentication;
mod close;
mod isolation;
mod pending_calls;
mod resources_and_prompts;
mod token_servers;
mod toolset;
