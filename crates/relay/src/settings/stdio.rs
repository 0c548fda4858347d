//! The settings of a stdio server: its command and environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use mcp_stdio::StdioTransport;

/// A program that speaks MCP on its stdin and stdout, and how it is started.
///
/// One process serves all who use it without a token of their own: whatever credentials the program
/// needs, it gets from its environment.
///
/// ```
/// use relay::{StdioCommand, Server};
///
/// let program = StdioCommand::new(["npx", "-y", "@modelcontextprotocol/server-filesystem", "."])
///     .env("API_KEY", "s3cret")
///     .inherit_env("NODE_EXTRA_CA_CERTS")
///     .current_dir("/srv/files");
/// assert!(!format!("{program:?}").contains("s3cret"));
/// let server = Server::stdio(program);
/// # drop(server);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct StdioCommand {
    command: Vec<String>,
    env: BTreeMap<String, String>,
    inherit_env: Vec<String>,
    secrets: BTreeSet<String>,
    folder: Option<String>,
    idle_time: Option<Duration>,
    probe_time: Duration,
}

impl StdioCommand {
    /// A program, by its path or as it is found in `PATH`, and its arguments. No shell reads them.
    pub fn new(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            inherit_env: Vec::new(),
            secrets: BTreeSet::new(),
            folder: None,
            idle_time: None,
            probe_time: StdioTransport::DEFAULT_PROBE_TIMEOUT,
        }
    }

    /// A variable of its environment. What it holds is taken for a secret.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// A variable to pass on from the environment of the application. Otherwise a program gets only
    /// those that it needs to work, such as `PATH` and `HOME`.
    pub fn inherit_env(mut self, name: impl Into<String>) -> Self {
        self.inherit_env.push(name.into());
        self
    }

    /// Something that it is given and that is a secret, such as a part of an argument: it is masked
    /// where the program repeats it, on stderr or in an error. What an option such as `--api-key` is
    /// given is a secret by itself, and what a configuration puts into arguments by `${VAR}`.
    pub fn redact(mut self, secret: impl Into<String>) -> Self {
        self.secrets.insert(secret.into());
        self
    }

    /// The folder that it works in; that of the application unless set.
    pub fn current_dir(self, folder: impl Into<String>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// How long its process is kept that nobody calls, [`Duration::MAX`] being for ever; as long as a
    /// session unless set.
    pub fn idle_timeout(self, idle: Duration) -> Self {
        Self { idle_time: Some(idle), ..self }
    }

    /// How long it may leave the very first request unanswered, as old servers do, before it is
    /// greeted in their way; 10 seconds unless set.
    pub fn probe_timeout(self, probe_time: Duration) -> Self {
        Self { probe_time, ..self }
    }

    /// The variables of its environment that were set here.
    pub fn env_vars(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// The settings that identify the program, secrets included.
    pub(crate) fn identity(&self) -> String {
        format!("{:?}", (&self.command, &self.env, &self.inherit_env, &self.folder))
    }

    /// Creates the transport. `idle` is how long an idle process is kept, unless set otherwise.
    pub(crate) fn transport(&self, message_limit: usize, idle: Duration) -> StdioTransport {
        let mut parts = self.command.iter();
        let program = parts.next().map_or("", String::as_str);
        let mut builder = StdioTransport::builder(program)
            .args(parts)
            .max_message_size(message_limit)
            .probe_timeout(self.probe_time);
        for (name, value) in &self.env {
            builder = builder.env(name, value);
        }
        for name in &self.inherit_env {
            builder = builder.inherit_env(name);
        }
        for secret in &self.secrets {
            builder = builder.redact(secret);
        }
        if let Some(folder) = &self.folder {
            builder = builder.current_dir(folder);
        }
        let idle = self.idle_time.unwrap_or(idle);
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

/// The program without its arguments, which may hold a secret.
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
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
