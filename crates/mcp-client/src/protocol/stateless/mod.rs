//! The stateless protocol versions, from 2026-07-28: no request depends on an earlier one.

mod subscription;
mod stateless;

pub(crate) use self::stateless::{Discovery, StatelessProtocol};
