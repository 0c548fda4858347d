//! Tests of the command line, the configuration file and the environment.

mod config;
mod help;
mod proxy_variables;
mod stdio_option;
mod token_variables;
