//! Deserializes and serializes published example values with the generated types.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::files;

/// Runs the round-trip test of `mcp-types`. xtask does not depend on the generated types, so that
/// it can regenerate them if they do not compile.
pub(crate) fn run(examples: &Path) -> Result<()> {
    let examples = examples
        .canonicalize()
        .with_context(|| format!("cannot find the examples in {}", examples.display()))?;
    let status = Command::new(env!("CARGO"))
        .current_dir(files::root())
        .args(["test", "--quiet", "--package", "mcp-types", "--test", "it", "--"])
        .args(["--exact", "published::examples_print_back", "--nocapture"])
        .env("MCP_EXAMPLES", examples)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "some examples do not survive a round trip");
    Ok(())
}
