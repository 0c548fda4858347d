//! The settings of a server process.

use std::{ffi::OsString, io, path::PathBuf, time::Duration};

use mcp_client::Redactor;
use tokio::process::Command;

#[cfg(windows)]
use super::windows_program;
use super::{argument_secrets, environment::Environment, stderr::OnLine};

/// The settings of a process and its supervision.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) environment: Environment,
    pub(crate) secrets: Vec<String>,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) max_message_size: usize,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) probe_timeout: Duration,
    pub(crate) on_stderr: Option<OnLine>,
}

impl Spec {
    /// Returns the program without its arguments, which may contain a secret.
    pub(crate) fn program(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// Returns the command that starts the process.
    ///
    /// # Errors
    /// Returns an error if the program is a batch file that cannot get these arguments.
    pub(super) fn command(&self) -> io::Result<Command> {
        let variables = self.environment.variables();
        #[cfg(windows)]
        let program = windows_program::resolve(&self.program, &self.args, &variables)?;
        #[cfg(not(windows))]
        let program = &self.program;
        let mut command = Command::new(program);
        command.args(&self.args).env_clear().envs(variables);
        if let Some(current_dir) = &self.current_dir {
            command.current_dir(current_dir);
        }
        Ok(command)
    }

    /// Returns a redactor of the secrets that the server is given.
    pub(crate) fn redactor(&self) -> Redactor {
        let texts: Vec<_> =
            self.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let secrets =
            argument_secrets::find(&texts).map(str::to_owned).chain(self.secrets.iter().cloned());
        Redactor::new(Environment::without_defaults(
            secrets.chain(self.environment.secret_values()),
        ))
    }
}
