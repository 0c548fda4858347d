//! Keeps the sign-ins of `mcp-oauth` sealed with a key in the keyring of the system.
//!
//! There is one function: [`open`], which gives a `FileStore`; what can go wrong is in [`Error`]. The
//! keyring is the Keychain of macOS, the Credential Manager of Windows, and elsewhere the Secret
//! Service of the desktop, which is spoken to by way of libdbus: its source comes along, under the
//! Academic Free License 2.1.

mod open;
mod native;
// The tests use the mock keyring of `keyring-core`.
#[cfg(any(test, target_os = "macos", windows))]
mod entry;
#[cfg(not(any(target_os = "macos", windows)))]
mod secret_service;
mod keyring;
mod error;

pub use crate::{error::Error, open::open};
