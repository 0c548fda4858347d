//! Runs the benchmarks. They are separate workspaces, because they build other MCP libraries.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::files;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Benchmark {
    /// Speed of deserialization, compared with `serde_json::Value`, rmcp and rust-mcp-schema.
    Types,
    /// Time and memory for hostile input, by its length.
    Hostile,
    /// Calls, sessions, lists and a thousand users, compared with reqwest alone and rmcp.
    Client,
    /// Calls of a child process, compared with a minimal client and rmcp.
    Stdio,
}

/// Runs a benchmark. rust-mcp-schema builds for one revision at a time, so each revision is built
/// separately.
pub(crate) fn run(benchmark: Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Types => {
            measure("types", "r2025_11_25")?;
            measure("types", "r2026_07_28")
        }
        Benchmark::Hostile => measure("hostile", "r2026_07_28"),
        Benchmark::Client => run_program("benches/client", &[], &["report"]),
        Benchmark::Stdio => run_program("benches/stdio", &[], &["report"]),
    }
}

fn measure(benchmark: &str, revision: &str) -> Result<()> {
    let features = ["--no-default-features", "--features", revision];
    run_program("benches", &features, &[benchmark])
}

/// Builds and runs a package that is not in this workspace.
pub(crate) fn run_program(package: &str, features: &[&str], arguments: &[&str]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--locked"])
        .args(features)
        .arg("--manifest-path")
        .arg(files::root().join(package).join("Cargo.toml"))
        .arg("--")
        .args(arguments)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "{package} failed");
    Ok(())
}
