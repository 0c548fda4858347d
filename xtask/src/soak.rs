//! Runs relay for many minutes. The program is a separate workspace, with its own release profile.

use std::num::NonZeroU32;

use anyhow::Result;

use crate::bench;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The duration of the run. It rests each ten minutes, and at least twice, for up to three minutes.
    #[arg(long, default_value = "60")]
    minutes: NonZeroU32,
    /// The seed of the random operations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Injects a fault, to show that a check can fail: leak, tasks, files, cross, double, token,
    /// error or slow.
    #[arg(long, default_value = "none")]
    inject: String,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let (minutes, seed) = (options.minutes.to_string(), options.seed.to_string());
    let arguments = ["run", "--minutes", &minutes, "--seed", &seed, "--inject", &options.inject];
    bench::run_program("benches/soak", &[], &arguments)
}
