//! Measures the client against a bare reqwest client and rmcp's: what a call, a session, a list and a
//! thousand users cost.
//!
//! Server and client are processes of their own, started from this program. Instructions are counted
//! by valgrind's callgrind, where there is one, for the client alone.

mod answers;
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
        // What the report starts.
        ["serve"] => server::run(),
        ["measure", client, work, units, address] => {
            work::measure(client, work, units.parse()?, address)
        }
        _ => bail!(USAGE),
    }
}
