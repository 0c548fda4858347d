//! The builder of a transport: program, arguments, environment, timeouts.

use std::{ffi::OsString, fmt, path::PathBuf, sync::Arc, time::Duration};

use super::stdio::StdioTransport;
use crate::process::{Environment, Spec};

impl StdioTransport {
    /// Sets up a server: the program, by its path or as it is found in `PATH`.
    pub fn builder(program: impl Into<OsString>) -> StdioTransportBuilder {
        let spec = Spec {
            program: program.into(),
            args: Vec::new(),
            environment: Environment::default(),
            secrets: Vec::new(),
            current_dir: None,
            message_limit: Self::DEFAULT_MAX_MESSAGE_SIZE,
            idle_timeout: None,
            grace: Self::DEFAULT_SHUTDOWN_TIMEOUT,
            probe_time: Self::DEFAULT_PROBE_TIMEOUT,
            on_stderr: None,
        };
        StdioTransportBuilder { spec }
    }
}

/// Sets up a [`StdioTransport`]; made by [`StdioTransport::builder`].
#[must_use]
pub struct StdioTransportBuilder {
    spec: Spec,
}

impl StdioTransportBuilder {
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
        self.spec.environment.set.insert(name.into(), value.into());
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
    pub fn redact(mut self, secret: impl Into<String>) -> Self {
        self.spec.secrets.push(secret.into());
        self
    }

    /// The folder that the server works in; that of the application unless set.
    pub fn current_dir(mut self, current_dir: impl Into<PathBuf>) -> Self {
        self.spec.current_dir = Some(current_dir.into());
        self
    }

    /// The largest message to take from the server, in bytes; 32 MiB.
    pub fn max_message_size(mut self, message_limit: usize) -> Self {
        self.spec.message_limit = message_limit;
        self
    }

    /// How long a server is kept that nobody calls, nor watches; it is started again when somebody
    /// does. For ever unless set.
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.spec.idle_timeout = Some(idle_timeout);
        self
    }

    /// How long a server may take to end once its input is closed, and again once it is told to; then
    /// it is killed. 2 seconds.
    pub fn shutdown_timeout(mut self, grace: Duration) -> Self {
        self.spec.grace = grace;
        self
    }

    /// How long the answer to the very first request is waited for before the server is taken for one
    /// of the handshake era; 10 seconds.
    pub fn probe_timeout(mut self, probe_time: Duration) -> Self {
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

impl fmt::Debug for StdioTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioTransportBuilder")
            .field("program", &self.spec.program)
            .finish_non_exhaustive()
    }
}
