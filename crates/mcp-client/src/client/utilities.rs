//! Utilities of the stateful protocol versions: ping and the log level.

use mcp_types::{
    JsonObject, Method,
    v2025_11_25::{PingRequest, SetLevelRequest},
    v2026_07_28::LoggingLevel,
};
use serde::Serialize;

use super::client::Client;
use crate::{error::Error, result::decode_result};

/// # Utilities
impl Client {
    /// Sends a ping to check that the server responds.
    ///
    /// Only the stateful protocol versions (up to 2025-11-25) have this method. For later versions,
    /// use [`connect`](Self::connect).
    ///
    /// # Errors
    /// Returns [`Error::UnsupportedMethod`] for a stateless protocol version. Returns any other
    /// [`Error`] if the request fails.
    pub async fn ping(&self) -> Result<(), Error> {
        let decode = decode_result::<JsonObject>;
        self.call_method(PingRequest::NAME, None, &JsonObject::new(), &decode).await?;
        Ok(())
    }

    /// Sets the minimum level of the log messages that the server sends in this session.
    ///
    /// The level applies until the session ends. In a new session, the server chooses the level.
    /// Stateless protocol versions (from 2026-07-28) have a level for each call instead: see
    /// [`CallOptions::on_log`](crate::CallOptions::on_log).
    ///
    /// # Errors
    /// Returns [`Error::UnsupportedMethod`] for a stateless protocol version, and
    /// [`Error::MissingCapability`] if the server does not support logging. Returns any other
    /// [`Error`] if the request fails.
    pub async fn set_log_level(&self, level: LoggingLevel) -> Result<(), Error> {
        let decode = decode_result::<JsonObject>;
        self.call_method(SetLevelRequest::NAME, None, &SetLevel { level }, &decode).await?;
        Ok(())
    }
}

#[derive(Serialize)]
struct SetLevel {
    level: LoggingLevel,
}
