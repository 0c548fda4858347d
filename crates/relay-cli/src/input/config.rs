//! Reads the configuration file.

use std::{fs, io, path::Path};

use anyhow::{Context, Result};
use relay::Config;

use super::{args::DEFAULT_CONFIG, usage_error::Usage, variables::Lookup};

/// The configuration in `file`, or else in the current folder.
pub(crate) fn config(file: Option<&Path>) -> Result<Config> {
    let path = file.unwrap_or(Path::new(DEFAULT_CONFIG));
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if file.is_none() => {
            let usage = Usage::new("no server is known: this folder has no relay.toml");
            usage.hint("`relay --help` shows one; --url URL and --stdio do without").into()
        }
        _ => {
            let usage = Usage::new(format!("{} cannot be read", path.display()));
            anyhow::Error::new(error).context(usage)
        }
    })?;
    let lookup = Lookup::new(path);
    let config = match path.extension().is_some_and(|extension| extension == "json") {
        true => Config::from_json(&text, |name| lookup.find(name)),
        false => Config::from_toml(&text, |name| lookup.variable(name)),
    };
    let config = config.map_err(anyhow::Error::new);
    let config = match lookup.unreadable() {
        Some(name) => Err(Usage::new(format!("the variable `{name}` is not UTF-8")).into()),
        None => config,
    };
    config.with_context(|| format!("{} is not usable", path.display()))
}
