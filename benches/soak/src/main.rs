//! Runs relay for many minutes: 200 users call five servers, and their tokens rotate.
//!
//! The client is measured alone: the HTTP servers are another process of this program, and the
//! stdio server is its child. The run fails if the client grows, if a user gets the data of another
//! user, if a call runs twice, if an error is not expected, or if there are too few calls.

mod client;
mod server;
mod options;
mod plan;
#[path = "../../src/table.rs"]
mod table;

use anyhow::Result;

use crate::options::Options;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        // Run by the client.
        ["serve", injected] => server::serve(injected.parse()?),
        ["stdio"] => Ok(server::serve_stdio()?),
        _ => client::run(Options::parse(&arguments)?),
    }
}
