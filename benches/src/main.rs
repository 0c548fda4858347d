//! Measures how fast `mcp-types` reads what servers send, against `serde_json::Value` and the types
//! of rmcp and rust-mcp-schema.
//!
//! The readers take turns, so that a change of the machine's speed hits all of them, and the quotients
//! are those of neighbours. Instructions are counted by valgrind, where there is one: they do not
//! depend on what else the machine does.

mod hostile;
mod inputs;
mod instructions;
mod readers;
mod table;
mod times;

use anyhow::{Context as _, Result, bail};

use crate::{inputs::Input, readers::Reader};

const USAGE: &str = "usage: relay-benches types | hostile";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["types"] => types(),
        ["hostile"] => hostile::run(),
        // What valgrind runs.
        ["read", input, reader, count] => read(input, reader, count.parse()?),
        ["read-hostile", input, size, count] => hostile::read(input, size.parse()?, count.parse()?),
        _ => bail!(USAGE),
    }
}

fn types() -> Result<()> {
    let inputs = Input::all();
    for input in &inputs {
        readers::check(input)?;
    }
    println!("Revision {}.\n", readers::REVISION);
    times::print(&inputs);
    instructions::print(&inputs)
}

fn read(input: &str, reader: &str, count: usize) -> Result<()> {
    let inputs = Input::all();
    let input = inputs.iter().find(|each| each.name == input).context("no such input")?;
    let reader = Reader::ALL.into_iter().find(|each| each.name() == reader);
    let reader = reader.context("no such reader")?;
    for _ in 0..count {
        reader.read(input);
    }
    Ok(())
}
