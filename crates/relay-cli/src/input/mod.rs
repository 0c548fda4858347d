//! What the program reads: the command line, the environment and files.

pub(crate) mod args;
pub(crate) mod tool_arguments;
mod variables;
pub(crate) mod paths;
mod usage_error;

pub(crate) use self::{usage_error::Usage, variables::Lookup};
