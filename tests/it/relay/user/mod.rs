//! Users: tokens, isolation, toolsets, resources and prompts, pending calls.

mod authentication;
mod close;
mod isolation;
mod pending_calls;
mod resources_and_prompts;
mod toolset;
