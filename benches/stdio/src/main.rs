//! Measures calls of one child process. `report` prints the tables, `serve` is the child, and
//! `calls` runs the client for counting instructions.

mod clients;
mod instructions;
mod server;

use std::{env, time::Instant};

use anyhow::{Result, bail};
use clients::{Bare, CallTool, McpClient, Rmcp};

/// The number of turns of each client. The medians are printed.
const ROUNDS: usize = 5;
const CALLS: usize = 20_000;
const IN_FLIGHT: [usize; 2] = [1, 64];
const NAMES: [&str; 3] = ["bare", "mcp-client", "rmcp"];

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve"] => Ok(server::serve()?),
        ["report"] => {
            on_one_thread(report())?;
            instructions::print()
        }
        ["calls", client, in_flight, calls] => {
            on_one_thread(calls_of(client, in_flight.parse()?, calls.parse()?))
        }
        _ => bail!("report, serve, or calls CLIENT IN-FLIGHT CALLS"),
    }
}

fn on_one_thread(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

async fn report() -> Result<()> {
    println!("Calls per second (time relative to the bare client):\n");
    print_header();
    let (bare, ours, theirs) = (Bare::start()?, McpClient::start().await?, Rmcp::start().await?);
    for in_flight in IN_FLIGHT {
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            rates[0].push(rate(&bare, in_flight).await?);
            rates[1].push(rate(&ours, in_flight).await?);
            rates[2].push(rate(&theirs, in_flight).await?);
        }
        let rates = rates.map(median);
        let shown = rates.map(|rate| format!("{rate:.0} ({:.2})", rates[0] / rate));
        println!("| {in_flight} | {} |", shown.join(" | "));
    }
    Ok(())
}

fn print_header() {
    println!("| calls in flight | {} |\n|---|--:|--:|--:|", NAMES.join(" | "));
}

async fn calls_of(client: &str, in_flight: usize, calls: usize) -> Result<()> {
    match client {
        "bare" => call(&Bare::start()?, in_flight, calls).await,
        "mcp-client" => call(&McpClient::start().await?, in_flight, calls).await,
        _ => call(&Rmcp::start().await?, in_flight, calls).await,
    }
}

/// Returns the calls per second.
async fn rate(client: &impl CallTool, in_flight: usize) -> Result<f64> {
    let began = Instant::now();
    call(client, in_flight, CALLS).await?;
    Ok((CALLS / in_flight * in_flight) as f64 / began.elapsed().as_secs_f64())
}

async fn call(client: &impl CallTool, in_flight: usize, calls: usize) -> Result<()> {
    let each = async || -> Result<()> {
        for _ in 0..calls / in_flight {
            client.call().await?;
        }
        Ok(())
    };
    futures_util::future::try_join_all((0..in_flight).map(|_| each())).await?;
    Ok(())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
