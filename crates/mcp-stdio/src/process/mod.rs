//! The server's process: starting it, supervising it, and ending it with all that it started.

pub(crate) mod supervisor;
pub(crate) mod restart_backoff;
pub(crate) mod argument_secrets;
pub(crate) mod environment;
pub(crate) mod stderr;
mod child;
#[cfg(unix)]
mod watchdog;
