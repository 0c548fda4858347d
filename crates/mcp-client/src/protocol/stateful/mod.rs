//! The stateful protocol versions, up to 2025-11-25: `initialize` opens a session.

mod subscription;
mod stateful;
mod session;

pub(crate) use self::{session::Session, stateful::StatefulProtocol};
