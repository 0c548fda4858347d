//! Compares the client with a plain reqwest client and rmcp's: the cost of a call, a session, a
//! list and a thousand users.
//!
//! Server and client run in separate processes of this program. Instructions of the client are
//! counted with valgrind's callgrind, if it is installed.

mod prepared;
mod clients;
mod meter;
mod report;
mod server;
#[path = "../../src/table.rs"]
mod table;
mod work;

use anyhow::{Result, bail};

const USAGE: &str = "usage: relay-bench-client report [part of a work's name]";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["report"] => report::run(""),
        ["report", part] => report::run(part),
        // Run by the report.
        ["serve"] => server::run(),
        ["measure", client, work, units, address] => {
            work::measure(client, work, units.parse()?, address)
        }
        _ => bail!(USAGE),
    }
}
