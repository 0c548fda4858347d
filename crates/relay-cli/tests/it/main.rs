//! The `relay` program as a user runs it: exit code, stdout and stderr together.

mod authorization;
#[cfg(target_os = "linux")]
mod browser;
mod call;
mod configuration;
mod demo;
mod help;
mod program;
mod proxy;
mod sign_in;
mod stdio;
mod tools;
mod transport;
mod verbose;
mod weather;
