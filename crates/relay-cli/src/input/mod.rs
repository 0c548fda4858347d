//! What the program reads: the command line, the environment and files.

mod config;
pub(crate) mod args;
mod help;
pub(crate) mod tool_arguments;
mod variables;
pub(crate) mod secrets;
pub(crate) mod paths;
mod usage_error;

pub(crate) use self::{config::config, usage_error::Usage};
