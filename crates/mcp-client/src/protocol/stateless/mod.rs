//! The stateless protocol versions, from 2026-07-28: every request is complete in itself.

mod subscription;
mod stateless;

pub(crate) use self::stateless::{Discovery, StatelessProtocol};
