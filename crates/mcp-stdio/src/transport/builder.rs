//! The builder of a stdio transport: program, arguments, environment and timeouts.

use std::{ffi::OsString, fmt, path::PathBuf, sync::Arc, time::Duration};

use super::stdio::StdioTransport;
use crate::process::{Environment, Spec};

impl StdioTransport {
    /// Creates a builder for a server. `program` is a path, or a name that is looked up in `PATH`.
    pub fn builder(program: impl Into<OsString>) -> StdioTransportBuilder {
        let spec = Spec {
            program: program.into(),
            args: Vec::new(),
            environment: Environment::default(),
            secrets: Vec::new(),
            current_dir: None,
            max_message_size: Self::DEFAULT_MAX_MESSAGE_SIZE,
            idle_timeout: None,
            shutdown_timeout: Self::DEFAULT_SHUTDOWN_TIMEOUT,
            probe_timeout: Self::DEFAULT_PROBE_TIMEOUT,
            on_stderr: None,
        };
        StdioTransportBuilder { spec }
    }
}

/// A builder for a [`StdioTransport`]. Created by [`StdioTransport::builder`].
#[must_use]
pub struct StdioTransportBuilder {
    spec: Spec,
}

impl StdioTransportBuilder {
    /// Adds an argument. It is passed unchanged, without a shell. Other users of the machine can
    /// see the arguments. Therefore pass secrets in the [environment](Self::env).
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.spec.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.spec.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable of the server. The value counts as a secret.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.environment.set.insert(name.into(), value.into());
        self
    }

    /// Adds an environment variable that the server inherits from the application. The value counts
    /// as a secret. By default, a server inherits only variables that programs need to work, such
    /// as `PATH` and `HOME`.
    pub fn inherit_env(mut self, name: impl Into<String>) -> Self {
        self.spec.environment.inherited.push(name.into());
        self
    }

    /// Adds a secret to redact, such as a part of an argument. It is redacted in stderr, in errors
    /// of the server, and in traces of messages. All other output of the server is passed on
    /// unchanged. Secrets of less than 6 bytes are not redacted.
    ///
    /// Some values always count as secrets:
    ///
    /// - Values of environment variables, except those that every server inherits.
    /// - Values of options such as `--api-key`.
    /// - Passwords and query values in URLs.
    ///
    pub fn redact(mut self, secret: impl Into<String>) -> Self {
        self.spec.secrets.push(secret.into());
        self
    }

    /// Sets the working directory of the server. Defaults to that of the application.
    pub fn current_dir(mut self, current_dir: impl Into<PathBuf>) -> Self {
        self.spec.current_dir = Some(current_dir.into());
        self
    }

    /// Sets the maximum size of a message from the server, in bytes. Defaults to 32 MiB.
    pub fn max_message_size(mut self, max_message_size: usize) -> Self {
        self.spec.max_message_size = max_message_size;
        self
    }

    /// Sets the time after which an unused server is shut down. A server is unused if it has no
    /// pending calls and no subscriptions. The next call or subscription starts it again. By
    /// default, servers run without a time limit.
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.spec.idle_timeout = Some(idle_timeout);
        self
    }

    /// Sets the time limit for each step of the shutdown. The transport closes the input of the
    /// server and waits. On Unix, it then sends `SIGTERM` and waits again. Finally, it kills the
    /// server. Defaults to 2 seconds.
    pub fn shutdown_timeout(mut self, shutdown_timeout: Duration) -> Self {
        self.spec.shutdown_timeout = shutdown_timeout;
        self
    }

    /// Sets the time limit for the response to the very first request. If there is none, the client
    /// assumes that the server supports only stateful protocol versions. Defaults to 10 seconds.
    pub fn probe_timeout(mut self, probe_timeout: Duration) -> Self {
        self.spec.probe_timeout = probe_timeout;
        self
    }

    /// Sets a callback for each line that the server writes to stderr. A line does not mean that
    /// something failed: many servers write their log there.
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

    /// Creates the transport. The server is not started yet.
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
