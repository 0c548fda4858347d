//! A store for the credentials of `mcp-oauth`, encrypted with a key in the keyring of the system.
//!
//! The only function is [`open()`], which returns a `FileStore`. Every error is an [`Error`].
//!
//! The keyring is the Keychain of macOS, the Credential Manager of Windows, or the Secret Service
//! of other desktops. The Secret Service needs libdbus, whose source is included under the Academic
//! Free License 2.1.

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
