//! Shared helpers.
//!
//! - [`relay`] runs the program in an empty folder with an empty environment. The transcript that
//!   [`RelayProcess::run`] returns has the exit code, stdout and stderr, so that one inline snapshot
//!   shows everything that the user sees. A value that differs from run to run, such as a port, is
//!   replaced by a placeholder: see [`RelayProcess::replace`].
//! - [`weather_server`] starts the server that most tests use, with and without authorization.
//! - [`SignInFixture`] adds an authorization server and a folder for credentials. It plays the part
//!   of the browser.
//! - [`browser_fixture`] does the same with a real browser (Chromium) and peers that are written
//!   with other libraries. Its tests pass without a check if one of them is not installed.

#[cfg(target_os = "linux")]
pub(crate) mod browser_fixture;
mod sign_in_fixture;
pub(crate) mod weather_server;
mod relay_process;

pub(crate) use self::{
    relay_process::{RelayProcess, relay},
    sign_in_fixture::SignInFixture,
};
