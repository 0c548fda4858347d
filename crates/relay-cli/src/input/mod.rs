//! Input of the program: the command line, the environment and files.

mod config;
mod login_settings;
mod args;
mod help;
mod tool_arguments;
mod variables;
mod secrets;
mod paths;
mod usage_error;

pub(crate) use self::{
    args::{
        CallArgs, Cli, Command, ConnectionArgs, DEFAULT_CONFIG, LoginArgs, LogoutArgs, ServersArgs,
        TargetArgs, ToolsArgs,
    },
    config::read_config,
    login_settings::login_settings,
    paths::{HOME_VARIABLE, credentials_folder},
    secrets::token_from_env,
    tool_arguments::read_tool_arguments,
    usage_error::UsageError,
};
