//! The suite and a Node.js to run it, installed from npm in pinned versions.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::scenario::Scenario;
use crate::files;

/// The oldest major version of Node.js that the suite runs on.
const OLDEST_NODE: u32 = 22;

/// The revisions in which extensions are tested. The suite does not assign them to revisions.
const WITH_EXTENSIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];

/// The installed suite.
#[derive(Debug)]
pub(crate) struct Suite {
    node: PathBuf,
    program: PathBuf,
    /// The compile cache of Node.js, which halves the start time.
    compiled: PathBuf,
}

impl Suite {
    /// Installs missing packages under `folder`.
    pub(crate) fn install(folder: &Path) -> Result<Self> {
        let node = if node_major().is_some_and(|major| major >= OLDEST_NODE) {
            PathBuf::from("node")
        } else {
            let node = packages(folder, "node")?.join(".bin/node");
            ensure!(node.exists(), "cannot install Node.js {OLDEST_NODE} or newer");
            node
        };
        let program =
            packages(folder, "suite")?.join("@modelcontextprotocol/conformance/dist/index.js");
        Ok(Self::new(node, program, folder.join("compiled")))
    }

    pub(crate) fn new(node: PathBuf, program: PathBuf, compiled: PathBuf) -> Self {
        Self { node, program, compiled }
    }

    /// Returns a command that runs the suite. The caller adds the arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.node);
        command.arg(&self.program).env("NODE_COMPILE_CACHE", &self.compiled);
        command
    }

    /// Returns the scenarios of a revision, including those of extensions.
    pub(crate) fn scenarios(&self, revision: &str) -> Result<Vec<Scenario>> {
        let mut names = names(&self.list(&["--spec-version", revision])?);
        if WITH_EXTENSIONS.contains(&revision) {
            names.extend(extensions(&self.list(&[])?));
        }
        Ok(names.into_iter().map(|name| Scenario { revision: revision.to_owned(), name }).collect())
    }

    fn list(&self, of: &[&str]) -> Result<String> {
        let mut command = self.command();
        let output = command.args(["list", "--client"]).args(of).output();
        let output = output.context("cannot start the suite")?;
        let list = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        let is_list = output.status.success() && !names(&list).is_empty();
        ensure!(is_list, "the suite lists nothing: {errors}");
        Ok(list)
    }
}

/// Returns the names in the lines `  - name [revisions]`.
fn names(list: &str) -> Vec<String> {
    let name =
        |line: &str| line.trim_start().strip_prefix("- ")?.split(' ').next().map(str::to_owned);
    list.lines().filter_map(name).collect()
}

/// Returns the authorization extensions in the lines `  - name [extension]`. This client does not
/// support others.
fn extensions(list: &str) -> Vec<String> {
    let of_extensions = list.lines().filter(|line| line.ends_with(" [extension]"));
    let names = of_extensions.flat_map(names);
    names.filter(|name| name.starts_with("auth/")).collect()
}

/// Returns the major version of the installed Node.js.
fn node_major() -> Option<u32> {
    let output = Command::new("node").arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Installs a set of packages if it is missing, and returns the folder of its modules.
fn packages(folder: &Path, name: &str) -> Result<PathBuf> {
    let pins = files::root().join("tests/conformance/npm").join(name);
    let folder = folder.join(name);
    let (modules, installed) = (folder.join("node_modules"), folder.join("installed"));
    let lock = files::read(&pins.join("package-lock.json"))?;
    if fs::read_to_string(&installed).is_ok_and(|before| before == lock) {
        return Ok(modules);
    }
    println!("installing {name}");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(pins.join(file), folder.join(file))?;
    }
    let status = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&folder)
        .status()
        .context("cannot run npm")?;
    ensure!(status.success(), "npm cannot install {name}");
    fs::write(&installed, lock)?;
    Ok(modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_output_has_a_line_for_each_scenario() {
        let list = "Scenarios:\n  - initialize [2025-06-18,2025-11-25]\n  - auth/x [extension]\n\n";
        assert_eq!(names(list), ["initialize", "auth/x"]);
        assert!(names("nothing to - list\n").is_empty());
        let more = "  - auth/y [2025-11-25]\n  - sep-2640-z [extension]\n";
        assert_eq!(extensions(&format!("{list}{more}")), ["auth/x"]);
    }
}
