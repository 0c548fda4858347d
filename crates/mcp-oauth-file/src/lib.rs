//! A store for the credentials of `mcp-oauth`, in files that only their owner can read.
//!
//! It suits programs that run on the user's machine. The user stays signed in when the program
//! restarts, and several processes can share one folder.
//!
//! - [`FileStore`] is the store. It can encrypt the records.
//! - [`FileLocks`] are the locks across processes, for stores that keep their records elsewhere.
//!
//! # Examples
//!
//! ```no_run
//! use mcp_http::{Client, HttpTransport};
//! use mcp_oauth::OAuthClient;
//! use mcp_oauth_file::FileStore;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let store = FileStore::open("credentials")?;
//!     let application = OAuthClient::builder("Our application", "http://127.0.0.1/callback")
//!         .store(store)
//!         .build()?;
//!     let transport = HttpTransport::builder("https://mcp.example.com/mcp")
//!         .token_source(application.user("ann"))
//!         .build()?;
//!     // Uses the stored credentials of an earlier sign-in, and refreshes them if necessary.
//!     let list = Client::new(transport).list_tools().await?;
//!     println!("{} tools", list.tools.len());
//!     Ok(())
//! }
//! ```
//!
//! # Modules
//!
//! - `store`: the store.
//! - `folder`: the files of the records.
//! - `locks`: the locks of keys across processes.
//! - `file_name`: the file names, which are digests of keys.
//! - `permissions`: folders and files that only their owner can access.

mod store;
mod folder;
mod locks;
mod file_name;
mod permissions;

pub use crate::{locks::FileLocks, store::FileStore};
