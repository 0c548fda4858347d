//! Reads the configuration file.

use std::{ffi::OsStr, fs, io, path::Path};

use anyhow::{Context, Result};
use relay::Config;

use super::{args::DEFAULT_CONFIG, usage_error::UsageError, variables::ConfigVariables};

/// Reads the configuration from `file`. Defaults to `relay.toml` in the current folder.
///
/// # Errors
/// Returns an error if the file cannot be read or is not a valid configuration.
pub(crate) fn read_config(file: Option<&Path>) -> Result<Config> {
    let path = file.unwrap_or(Path::new(DEFAULT_CONFIG));
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if file.is_none() => {
            let usage = UsageError::new("\"relay.toml\" not found in the current folder");
            usage
                .with_suggestion("see \"relay --help\" for an example, or use --url URL or --stdio")
                .into()
        }
        _ => {
            let usage = UsageError::new(format!("cannot read \"{}\"", path.display()));
            anyhow::Error::new(error).context(usage)
        }
    })?;
    let variables = ConfigVariables::new(path);
    let is_json = |extension: &OsStr| extension == "json" || extension == "jsonc";
    let config = match path.extension().is_some_and(is_json) {
        true => Config::from_json(&text, |name| variables.json_variable(name)),
        false => Config::from_toml(&text, |name| variables.variable(name)),
    };
    let config = config.map_err(anyhow::Error::new);
    let config = match variables.not_utf8() {
        Some(name) => {
            Err(UsageError::new(format!("environment variable \"{name}\" is not valid UTF-8"))
                .into())
        }
        None => config,
    };
    config.with_context(|| format!("invalid configuration file \"{}\"", path.display()))
}
