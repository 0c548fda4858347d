//! The server process: starting, supervising and ending it and its descendants.

mod supervisor;
mod restart_backoff;
mod spec;
mod argument_secrets;
#[cfg(any(windows, test))]
mod windows_program;
mod environment;
mod stderr;
mod child;
#[cfg(unix)]
mod watchdog;

pub(crate) use self::{
    environment::Environment, restart_backoff::RestartBackoff, spec::Spec,
    supervisor::ProcessHandle,
};
