//! The settings of a stdio server: its command and environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use mcp_stdio::StdioTransport;

/// The command of a stdio server, with its environment and timeouts.
///
/// All callers use one process, which gets its credentials from its environment and never gets the
/// token of a user. Users can use it only if it is [shared](crate::Server::shared).
///
/// # Examples
///
/// ```
/// use relay::{Server, StdioCommand};
///
/// let command = StdioCommand::new(["npx", "-y", "@modelcontextprotocol/server-filesystem", "."])
///     .env("API_KEY", "s3cret")
///     .inherit_env("NODE_EXTRA_CA_CERTS")
///     .current_dir("/srv/files");
/// assert!(!format!("{command:?}").contains("s3cret"));
/// let server = Server::stdio(command);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct StdioCommand {
    command: Vec<String>,
    env: BTreeMap<String, String>,
    inherit_env: Vec<String>,
    secrets: BTreeSet<String>,
    current_dir: Option<String>,
    idle_timeout: Option<Duration>,
    probe_timeout: Duration,
}

impl StdioCommand {
    /// Creates a command from a program and its arguments. The program is a path, or a name that is
    /// found in `PATH`. No shell is used.
    pub fn new(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            inherit_env: Vec::new(),
            secrets: BTreeSet::new(),
            current_dir: None,
            idle_timeout: None,
            probe_timeout: StdioTransport::DEFAULT_PROBE_TIMEOUT,
        }
    }

    /// Sets an environment variable of the process. Its value is treated as a secret.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Passes an environment variable of the application to the process.
    ///
    /// By default, the process gets only the variables that programs usually need, such as `PATH`
    /// and `HOME`.
    pub fn inherit_env(mut self, name: impl Into<String>) -> Self {
        self.inherit_env.push(name.into());
        self
    }

    /// Redacts a secret that the process gets, such as a part of an argument. It is redacted if the
    /// process repeats it on stderr or in an error.
    ///
    /// Values of options such as `--api-key` are redacted automatically. So are values that a
    /// configuration inserts into arguments with `${VAR}`.
    pub fn redact(mut self, secret: impl Into<String>) -> Self {
        self.secrets.insert(secret.into());
        self
    }

    /// Sets the working directory. Defaults to the working directory of the application.
    pub fn current_dir(self, current_dir: impl Into<String>) -> Self {
        Self { current_dir: Some(current_dir.into()), ..self }
    }

    /// Sets the time after which an idle process is stopped. [`Duration::MAX`] never stops it.
    ///
    /// Defaults to the [idle timeout of a session](crate::RelayBuilder::session_idle_timeout).
    pub fn idle_timeout(self, idle: Duration) -> Self {
        Self { idle_timeout: Some(idle), ..self }
    }

    /// Sets how long the client waits for the response to its first request. After that, the client
    /// sends `initialize`, because older servers may not respond to other requests. Defaults to
    /// 10 seconds.
    pub fn probe_timeout(self, probe_timeout: Duration) -> Self {
        Self { probe_timeout, ..self }
    }

    /// Returns the environment variables that were set with [`env`](Self::env).
    pub fn env_vars(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Returns the settings that identify the program, including secrets.
    pub(crate) fn identity(&self) -> String {
        format!("{:?}", (&self.command, &self.env, &self.inherit_env, &self.current_dir))
    }

    /// Creates the transport. An idle process is stopped after `idle`, unless another time is set.
    pub(crate) fn transport(&self, max_message_size: usize, idle: Duration) -> StdioTransport {
        let mut parts = self.command.iter();
        let program = parts.next().map_or("", String::as_str);
        let mut builder = StdioTransport::builder(program)
            .args(parts)
            .max_message_size(max_message_size)
            .probe_timeout(self.probe_timeout);
        for (name, value) in &self.env {
            builder = builder.env(name, value);
        }
        for name in &self.inherit_env {
            builder = builder.inherit_env(name);
        }
        for secret in &self.secrets {
            builder = builder.redact(secret);
        }
        if let Some(current_dir) = &self.current_dir {
            builder = builder.current_dir(current_dir);
        }
        let idle = self.idle_timeout.unwrap_or(idle);
        if idle < Duration::MAX {
            builder = builder.idle_timeout(idle);
        }
        builder.build()
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for StdioCommand {
    fn from(command: [T; N]) -> Self {
        Self::new(command)
    }
}

impl<T: Into<String>> From<Vec<T>> for StdioCommand {
    fn from(command: Vec<T>) -> Self {
        Self::new(command)
    }
}

/// Displays the program without its arguments, which may contain secrets.
impl fmt::Display for StdioCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command.first().map_or("", |name| name))
    }
}

impl fmt::Debug for StdioCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<_> = self.env.keys().collect();
        f.debug_struct("StdioCommand")
            .field("program", &self.to_string())
            .field("env", &env)
            .field("inherit_env", &self.inherit_env)
            .field("current_dir", &self.current_dir)
            .finish_non_exhaustive()
    }
}
