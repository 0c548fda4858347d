//! The stateless protocol versions, from 2026-07-28: every request is complete in itself.

pub(crate) mod subscription;
pub(crate) mod stateless;
