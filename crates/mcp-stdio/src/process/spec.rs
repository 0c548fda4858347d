//! All there is to know to start a server's process.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use tokio::process::Command;

use super::{argument_secrets, environment::Environment, stderr::OnLine};
use crate::redactor::Mask;

/// All there is to know to start the process, and how to go about it.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) environment: Environment,
    pub(crate) secrets: Vec<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) message_limit: usize,
    pub(crate) idle: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) probe_time: Duration,
    pub(crate) on_stderr: Option<OnLine>,
}

impl Spec {
    /// The program without its arguments, which may hold a secret.
    pub(crate) fn program(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(self.environment.variables());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Takes the secrets that the server is given out of what it prints.
    pub(super) fn mask(&self) -> Mask {
        let texts: Vec<_> =
            self.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let secrets =
            argument_secrets::among(&texts).map(str::to_owned).chain(self.secrets.iter().cloned());
        Mask::new(Environment::but_common(secrets.chain(self.environment.values())))
    }
}
