//! Calls a second of one child process: `report` prints the table, `serve` is the child.

mod clients;
mod server;

use std::{env, time::Instant};

use anyhow::{Result, bail};
use clients::{Bare, Calls, Ours, Theirs};

/// How often each client has its turn; the medians are printed.
const ROUNDS: usize = 5;
const CALLS: usize = 20_000;

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        Some("serve") => Ok(server::serve()?),
        Some("report") => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(report())
        }
        _ => bail!("report, or serve"),
    }
}

async fn report() -> Result<()> {
    println!("| calls in flight | bare | mcp-client | rmcp |\n|---|--:|--:|--:|");
    let (bare, ours, theirs) = (Bare::start()?, Ours::start().await?, Theirs::start().await?);
    for in_flight in [1, 64] {
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            rates[0].push(rate(&bare, in_flight).await?);
            rates[1].push(rate(&ours, in_flight).await?);
            rates[2].push(rate(&theirs, in_flight).await?);
        }
        let [bare, ours, theirs] = rates.map(median);
        let shown = |rate: f64| format!("{rate:.0} ({:.2})", bare / rate);
        println!("| {in_flight} | {} | {} | {} |", shown(bare), shown(ours), shown(theirs));
    }
    Ok(())
}

/// Calls a second.
async fn rate(client: &impl Calls, in_flight: usize) -> Result<f64> {
    let began = Instant::now();
    let each = async || -> Result<()> {
        for _ in 0..CALLS / in_flight {
            client.call().await?;
        }
        Ok(())
    };
    futures_util::future::try_join_all((0..in_flight).map(|_| each())).await?;
    Ok((CALLS / in_flight * in_flight) as f64 / began.elapsed().as_secs_f64())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
