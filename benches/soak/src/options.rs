//! The command line.

use std::{fmt, str::FromStr};

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "usage: relay-soak run --minutes N [--seed N] [--inject FAULT]";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) minutes: u32,
    pub(crate) seed: u64,
    pub(crate) injected: Injected,
}

/// A fault of this program itself. It shows that a check can fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Injected {
    #[default]
    None,
    /// Each call leaks 32 bytes.
    Leak,
    /// Each hundredth call leaks a task.
    Tasks,
    /// Each hundredth call leaks a file descriptor.
    Files,
    /// Each 10,000th result has the identity of another user.
    Cross,
    /// Each 10,000th call is sent again with the same number.
    Double,
    /// Each 10,000th token is the token of another server.
    Token,
    /// The JSON server rejects a call each second.
    Error,
    /// Users make a pause of three seconds.
    Slow,
}

const NAMES: [(&str, Injected); 9] = [
    ("none", Injected::None),
    ("leak", Injected::Leak),
    ("tasks", Injected::Tasks),
    ("files", Injected::Files),
    ("cross", Injected::Cross),
    ("double", Injected::Double),
    ("token", Injected::Token),
    ("error", Injected::Error),
    ("slow", Injected::Slow),
];

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self> {
        let ["run", options @ ..] = arguments else { bail!(USAGE) };
        let mut parsed = Self { minutes: 0, seed: 1, injected: Injected::None };
        for option in options.chunks(2) {
            match option {
                ["--minutes", minutes] => parsed.minutes = minutes.parse().context(USAGE)?,
                ["--seed", seed] => parsed.seed = seed.parse().context(USAGE)?,
                ["--inject", fault] => parsed.injected = fault.parse()?,
                _ => bail!(USAGE),
            }
        }
        if parsed.minutes == 0 {
            bail!(USAGE);
        }
        Ok(parsed)
    }
}

impl FromStr for Injected {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        let names = || NAMES.map(|(name, _)| name).join(", ");
        found
            .map(|(_, injected)| *injected)
            .with_context(|| format!("expected one of: {}", names()))
    }
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, injected)| injected == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}
