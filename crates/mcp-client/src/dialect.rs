//! The way a revision wraps a call; all that differs between the eras of the protocol is behind it.

use std::sync::Arc;

use serde::Serialize;

use crate::{error::Error, exchange::Decode, handshake::Handshake, profile::ServerProfile};

/// How to speak with the server.
#[derive(Debug)]
pub(crate) enum Dialect {
    /// Revisions up to 2025-11-25.
    Handshake(Handshake),
}

impl Dialect {
    pub(crate) async fn profile(&self) -> Result<Arc<ServerProfile>, Error> {
        match self {
            Self::Handshake(handshake) => handshake.profile().await,
        }
    }

    pub(crate) async fn call<R>(
        &self,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        match self {
            Self::Handshake(handshake) => handshake.call(method, params, decode).await,
        }
    }

    /// Like [`call`](Self::call), but in one session: parameters that belong to it are of no use
    /// in another.
    pub(crate) async fn call_once<R>(
        &self,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        match self {
            Self::Handshake(handshake) => handshake.call_once(method, params, decode).await,
        }
    }

    pub(crate) async fn notify(
        &self,
        method: &'static str,
        params: Option<&impl Serialize>,
    ) -> Result<(), Error> {
        match self {
            Self::Handshake(handshake) => handshake.notify(method, params).await,
        }
    }

    pub(crate) fn lost_sessions(&self) -> u64 {
        match self {
            Self::Handshake(handshake) => handshake.lost_sessions(),
        }
    }

    pub(crate) fn tool_changes(&self) -> u64 {
        match self {
            Self::Handshake(handshake) => handshake.tool_changes(),
        }
    }

    pub(crate) async fn close(&self) -> Result<(), Error> {
        match self {
            Self::Handshake(handshake) => handshake.close().await,
        }
    }
}
