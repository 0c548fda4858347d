//! How a server is started and kept.

use std::{ffi::OsString, fmt, path::PathBuf, sync::Arc, time::Duration};

use tokio::process::Command;

use crate::{
    process::argument_secrets as secrets, process::environment::Environment,
    process::stderr::OnLine, redactor::Mask, transport::stdio::StdioTransport,
};

/// Sets up a [`StdioTransport`]; made by [`StdioTransport::builder`].
#[must_use]
pub struct Builder {
    spec: Spec,
}

/// All there is to know to start the process, and how to go about it.
#[derive(Clone)]
pub(crate) struct Spec {
    program: OsString,
    args: Vec<OsString>,
    environment: Environment,
    secrets: Vec<String>,
    folder: Option<PathBuf>,
    pub(crate) message_limit: usize,
    pub(crate) idle: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) probe_time: Duration,
    pub(crate) on_stderr: Option<OnLine>,
}

impl Builder {
    pub(crate) fn new(program: OsString) -> Self {
        let spec = Spec {
            program,
            args: Vec::new(),
            environment: Environment::default(),
            secrets: Vec::new(),
            folder: None,
            message_limit: StdioTransport::MESSAGE_LIMIT,
            idle: None,
            grace: StdioTransport::GRACE,
            probe_time: StdioTransport::PROBE_TIME,
            on_stderr: None,
        };
        Self { spec }
    }

    /// An argument. It is passed as it is: no shell reads it. Others on the machine can see it, so that
    /// a secret is better off in the [environment](Self::env).
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.spec.args.push(arg.into());
        self
    }

    /// Arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.spec.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A variable of the server's environment. What it holds is taken for a secret.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.environment.own.insert(name.into(), value.into());
        self
    }

    /// A variable to pass on from the environment of the application. Unless they are named here, a
    /// server gets only those that programs need to work, such as `PATH` and `HOME`.
    pub fn inherit_env(mut self, name: impl Into<String>) -> Self {
        self.spec.environment.inherited.push(name.into());
        self
    }

    /// Something that the server is given and that is a secret, such as a part of an argument: it is
    /// masked where the server repeats it, on stderr or in an error, and wherever messages are traced.
    /// All else that the server says is passed on as it is.
    ///
    /// What variables hold is a secret by itself, those that every server gets excepted, and so is what
    /// follows an option such as `--api-key`, the password in a URL and what its query holds.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.spec.secrets.push(secret.into());
        self
    }

    /// The folder that the server works in; that of the application unless set.
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spec.folder = Some(folder.into());
        self
    }

    /// The largest message to take from the server, in bytes; 32 MiB.
    pub fn message_limit(mut self, message_limit: usize) -> Self {
        self.spec.message_limit = message_limit;
        self
    }

    /// How long a server is kept that nobody calls, nor watches; it is started again when somebody
    /// does. For ever unless set.
    pub fn idle_timeout(mut self, idle: Duration) -> Self {
        self.spec.idle = Some(idle);
        self
    }

    /// How long a server may take to end once its input is closed, and again once it is told to; then
    /// it is killed. 2 seconds.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.spec.grace = grace;
        self
    }

    /// How long the answer to the very first request is waited for before the server is taken for one
    /// of the handshake era; 10 seconds.
    pub fn probe_time(mut self, probe_time: Duration) -> Self {
        self.spec.probe_time = probe_time;
        self
    }

    /// Whom to tell of each line that the server writes to stderr. It is no sign of a failure: many
    /// servers write their log there.
    ///
    /// ```
    /// use mcp_stdio::StdioTransport;
    ///
    /// let server = StdioTransport::builder("my-server");
    /// let transport = server.on_stderr(|line| tracing::debug!(line, "my-server")).build();
    /// ```
    pub fn on_stderr(mut self, on_line: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.spec.on_stderr = Some(Arc::new(on_line));
        self
    }

    /// The transport. Nothing is started yet.
    pub fn build(self) -> StdioTransport {
        StdioTransport::new(self.spec)
    }
}

impl Spec {
    /// The program without its arguments, which may hold a secret.
    pub(crate) fn program(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(self.environment.variables());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Takes the secrets that the server is given out of what it prints.
    pub(crate) fn mask(&self) -> Mask {
        let texts: Vec<_> =
            self.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let secrets = secrets::among(&texts).map(str::to_owned).chain(self.secrets.iter().cloned());
        Mask::new(Environment::but_common(secrets.chain(self.environment.values())))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("program", &self.spec.program).finish_non_exhaustive()
    }
}
