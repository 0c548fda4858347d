//! Runs published example values through the generated types.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::files;

/// Runs the test that does it: xtask itself must not need types that compile, or it could not mend
/// them.
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
    ensure!(status.success(), "not all examples survive");
    Ok(())
}
