//! The stdio transport for clients of the Model Context Protocol (MCP), and a transport on any byte
//! stream.
//!
//! This crate starts an MCP server as a child process, and they exchange newline-delimited
//! messages. The crate restarts a server that exits, shuts it down gracefully, and redacts secrets
//! that the server prints.
//!
//! Start at [`StdioTransport::builder`], and pass the transport to
//! [`Client::new`](mcp_client::Client::new). The modules of the crate, from the entry point down:
//!
//! - `transport`: [`StdioTransport`] for a server in a child process, and [`LineTransport`] for an
//!   existing byte stream or a server in the same process.
//! - `process`: the server process: its start, supervision, restart, shutdown, environment and
//!   stderr.
//! - `connection`: the sending side of a connection, shared by all calls.
//! - `io_task`: the task that reads and writes the lines of a connection.
//! - `line_decoder`: a decoder of lines with a limit on their length.
//! - `error`: [`Error`], the error type of this crate.
//!
//! # Examples
//!
//! Lists the tools of a server that is started with `npx`:
//!
//! ```no_run
//! use mcp_client::Client;
//! use mcp_stdio::StdioTransport;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), mcp_client::Error> {
//!     let transport = StdioTransport::builder("npx")
//!         .args(["-y", "@modelcontextprotocol/server-filesystem", "."])
//!         .build();
//!     let client = Client::new(transport);
//!
//!     let list = client.list_tools().await?;
//!     for tool in &list.tools {
//!         println!("{}", tool.name);
//!     }
//!
//!     client.close().await?;
//!     Ok(())
//! }
//! ```

mod transport;
mod process;
mod connection;
mod io_task;
mod line_decoder;
mod error;

pub use crate::{
    error::{Error, ExitReason, StderrTail},
    transport::{LineTransport, StdioTransport, StdioTransportBuilder},
};
