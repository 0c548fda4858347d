//! Runs benchmark `benches` measures; it is no part of the workspace, for it builds the peers.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::files;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Benchmark {
    /// Speed of reading, next to `serde_json::Value`, rmcp and rust-mcp-schema.
    Types,
    /// Work and memory for hostile input, by its length.
    Hostile,
    /// Calls, sessions, lists and a thousand users, next to bare reqwest and rmcp.
    Client,
    /// Calls of a child process, next to a bare client of its lines and rmcp.
    Stdio,
}

/// rust-mcp-schema builds for one revision at a time, so each is a program of its own.
pub(crate) fn run(benchmark: Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Types => {
            measure("types", "r2025_11_25")?;
            measure("types", "r2026_07_28")
        }
        Benchmark::Hostile => measure("hostile", "r2026_07_28"),
        Benchmark::Client => program("benches/client", &[], "report"),
        Benchmark::Stdio => program("benches/stdio", &[], "report"),
    }
}

fn measure(benchmark: &str, revision: &str) -> Result<()> {
    program("benches", &["--no-default-features", "--features", revision], benchmark)
}

/// Builds a package that is no part of the workspace, and runs it.
fn program(package: &str, features: &[&str], argument: &str) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--locked"])
        .args(features)
        .arg("--manifest-path")
        .arg(files::root().join(package).join("Cargo.toml"))
        .args(["--", argument])
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the measurement failed");
    Ok(())
}
