//! Paths of the workspace, and writing or checking generated files.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{self, Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// The choice between writing and checking generated files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// Returns the root folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Returns the target folder of Cargo.
pub(crate) fn target() -> PathBuf {
    target_by(env::var_os("CARGO_TARGET_DIR"))
}

fn target_by(variable: Option<OsString>) -> PathBuf {
    let folder = variable.and_then(|folder| path::absolute(folder).ok());
    folder.unwrap_or_else(|| root().join("target"))
}

/// Returns the folder of a revision's schema.
pub(crate) fn schema_dir(revision: &str) -> PathBuf {
    root().join("schema").join(revision)
}

/// Reads a file. The error names the file.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes `fresh` to `path`, or checks that `path` contains it. The error of a check names
/// `command`, which repairs the file.
pub(crate) fn write_or_check(path: &Path, fresh: &str, mode: Mode, command: &str) -> Result<()> {
    match (fs::read_to_string(path), mode) {
        (Ok(committed), _) if committed == fresh => Ok(()),
        (_, Mode::Check) => {
            let name = path.strip_prefix(root()).unwrap_or(path);
            bail!("{} is stale: run \"{command}\"", name.display())
        }
        (_, Mode::Write) => {
            fs::create_dir_all(path.parent().unwrap_or(root()))?;
            fs::write(path, fresh).with_context(|| format!("cannot write {}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_folder_follows_the_environment() {
        assert_eq!(target_by(None), root().join("target"));
        assert_eq!(target_by(Some("/elsewhere".into())), Path::new("/elsewhere"));
        let relative = target_by(Some("elsewhere".into()));
        assert!(relative.is_absolute() && relative.ends_with("elsewhere"));
    }
}
