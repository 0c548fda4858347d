//! Servers, a browser and a keyring that nobody here wrote, each in a process of its own, for the tests
//! to speak to.
//!
//! `.ci/real-servers` installs them: browser and keyring are Debian's packages `chromium`, `dbus` and
//! `gnome-keyring`. Where they are not installed, tests are skipped with a word, or fail if
//! `RELAY_REAL_SERVERS` is `required`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "that is how a test fails and talks")]

mod browser;
mod desktop;
mod process;
mod program;
mod server;

pub use crate::{
    browser::Browser,
    desktop::Desktop,
    program::{Program, installed},
    server::Server,
};
