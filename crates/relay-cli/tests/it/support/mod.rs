//! Shared helpers.
//!
//! - [`relay`] runs the program in an empty folder with an empty environment.
//!   [`RelayProcess::run`] returns a transcript with the exit code, stdout and stderr. One inline
//!   snapshot shows the complete output. [`RelayProcess::replace`] replaces values that differ from
//!   run to run, such as a port.
//! - [`weather_server`] starts the server that most tests use, with and without authorization.
//! - [`SignInFixture`] adds an authorization server and a folder for credentials. It acts as
//!   the browser.
//! - [`browser_fixture`] does the same with a real browser (Chromium) and servers that use other
//!   libraries. Its tests pass without any checks if one of these is not installed.

#[cfg(target_os = "linux")]
pub(crate) mod browser_fixture;
mod sign_in_fixture;
pub(crate) mod weather_server;
mod relay_process;

pub(crate) use self::{
    relay_process::{RelayProcess, relay},
    sign_in_fixture::SignInFixture,
};
