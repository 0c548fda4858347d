//! The way a revision wraps a call; all that differs between the eras of the protocol is behind it.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    error::Error, exchange::Decode, handshake::Handshake, profile::ServerProfile, session::Session,
};

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

    /// Calls a method, and tells in which session.
    pub(crate) async fn call<R>(
        &self,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<(R, Arc<Session>), Error> {
        match self {
            Self::Handshake(handshake) => handshake.call(method, params, decode).await,
        }
    }

    /// Calls a method in this session: parameters that belong to it are of no use in another.
    pub(crate) async fn call_in<R>(
        &self,
        session: &Arc<Session>,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        match self {
            Self::Handshake(handshake) => handshake.call_in(session, method, params, decode).await,
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
