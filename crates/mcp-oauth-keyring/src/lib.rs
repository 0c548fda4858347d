//! A store for the credentials of `mcp-oauth`, encrypted with a key in the system keyring.
//!
//! It suits desktop programs that must not leave readable tokens on the disk. The credentials are in
//! encrypted files, and only their encryption key is in the keyring.
//!
//! - [`open()`] is the only function. It returns a [`FileStore`](mcp_oauth_file::FileStore).
//! - [`Error`] is its error.
//!
//! The keyring is the Keychain of macOS, the Credential Manager of Windows, or the Secret Service
//! of other desktops. The Secret Service needs libdbus, whose source is included under the Academic
//! Free License 2.1.
//!
//! # Examples
//!
//! ```no_run
//! use mcp_oauth::OAuthClient;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let store = mcp_oauth_keyring::open("Our application", "credentials")?;
//!     let application = OAuthClient::builder("Our application", "http://127.0.0.1/callback")
//!         .store(store)
//!         .build()?;
//!     let tokens = application.user("ann");
//!     println!("{tokens:?}");
//!     Ok(())
//! }
//! ```
//!
//! # Modules
//!
//! - `open`: opens the store, and creates its key.
//! - `native`: chooses the keyring of the operating system.
//! - `entry`: the entry in the keyring of macOS or Windows.
//! - `secret_service`: the entry in the Secret Service of other desktops.
//! - `keyring`: the interface of keyrings.
//! - `error`: the error type.

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
