//! Third-party servers, a browser and a keyring for the tests, each in its own process.
//!
//! `.ci/real-servers` installs them. The browser and the keyring are Debian's packages `chromium`,
//! `dbus` and `gnome-keyring`. If one is not installed, its tests are skipped with a message, or
//! fail if `RELAY_REAL_SERVERS` is `required`.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests panic on errors and print why they are skipped"
)]

mod browser;
mod desktop;
mod server;
mod program;
mod process;

pub use crate::{
    browser::Browser,
    desktop::Desktop,
    program::{Program, installed},
    server::Server,
};
