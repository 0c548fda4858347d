//! Compares how fast `mcp-types`, `serde_json::Value`, rmcp and rust-mcp-schema read messages of
//! servers.
//!
//! The readers take turns, so that a change of the machine's speed affects all of them. Ratios are
//! computed for each turn. Instructions are counted with valgrind, if it is installed. They do not
//! depend on the load of the machine.

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
        // Run by valgrind.
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
