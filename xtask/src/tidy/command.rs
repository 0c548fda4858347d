//! The command `cargo xtask tidy`.

use std::path::{self, Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{
    complaint::Complaint,
    headers,
    rooms::{self, Exception},
    sources,
};
use crate::files;

/// Crates whose modules are not in order yet.
const NOT_YET: &[&str] = &[
    "crates/mcp-client",
    "crates/mcp-http",
    "crates/mcp-oauth",
    "crates/mcp-oauth-file",
    "crates/mcp-oauth-keyring",
    "crates/mcp-oauth-sqlite",
    "crates/mcp-stdio",
    "crates/mcp-testkit",
    "crates/mcp-types",
    "crates/relay",
    "crates/relay-cli",
    "xtask",
];

/// Imports against the order of modules that are allowed, with the reason.
const EXCEPTIONS: &[Exception] = &[];

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print the complaints by rule, and do not fail.
    #[arg(long)]
    report: bool,
    /// Check the order of modules in these crates only. Defaults to the whole workspace.
    crates: Vec<PathBuf>,
}

/// Fails if a file breaks a rule; the error has a line for each complaint.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut complaints = Vec::new();
    if options.crates.is_empty() {
        let root = files::root();
        complaints.extend(headers::check(root)?);
        for folder in crates(root)? {
            if options.report || !NOT_YET.iter().any(|name| root.join(name) == folder) {
                complaints.extend(check_crate(root, &folder)?);
            }
        }
    }
    for folder in &options.crates {
        let folder = path::absolute(folder)?;
        let root = root_of(&folder)?;
        complaints.extend(check_crate(root, &folder)?);
    }
    if options.report {
        print!("{}", report(complaints));
        return Ok(());
    }
    let lines: Vec<String> = complaints.iter().map(Complaint::to_string).collect();
    ensure!(lines.is_empty(), "{}", lines.join("\n"));
    Ok(())
}

fn check_crate(root: &Path, folder: &Path) -> Result<Vec<Complaint>> {
    let sources = sources::read(root, &folder.join("src"), &["rs"])?;
    rooms::check(folder.strip_prefix(root).unwrap_or(folder), &sources, EXCEPTIONS)
}

/// The folders of all crates that have an order of modules.
fn crates(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![root.join("xtask")];
    for entry in root.join("crates").read_dir()? {
        folders.push(entry?.path());
    }
    folders.sort();
    Ok(folders)
}

/// The root of the workspace that contains a crate, which may be another checkout.
fn root_of(folder: &Path) -> Result<&Path> {
    let mut folders = folder.ancestors().skip(1);
    folders
        .find(|folder| folder.join("Cargo.lock").is_file())
        .with_context(|| format!("{} is in no workspace", folder.display()))
}

/// The complaints under the heading of their rule, with counts.
fn report(mut complaints: Vec<Complaint>) -> String {
    complaints.sort();
    let mut text = String::new();
    for rule in complaints.chunk_by(|one, two| one.rule == two.rule) {
        let title = rule.first().map_or("", |complaint| complaint.rule.title());
        text += &format!("\n{title}: {}\n", rule.len());
        for complaint in rule {
            text += &format!("  {complaint}\n");
        }
    }
    text + &format!("\n{} complaints\n", complaints.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        run(&Options { report: false, crates: Vec::new() }).unwrap();
    }
}
