//! The stateful protocol versions, up to 2025-11-25: `initialize` opens a session.

pub(crate) mod subscription;
pub(crate) mod stateful;
pub(crate) mod session;
