//! Utilities of the stateful protocol versions: ping and the log level.

use mcp_types::{
    JsonObject, Method,
    v2025_11_25::{PingRequest, SetLevelRequest},
    v2026_07_28::LoggingLevel,
};
use serde::Serialize;

use super::client::Client;
use crate::{error::Error, result::decode_result};

/// # The conversation
impl Client {
    /// Asks whether the server is still there. Only servers up to 2025-11-25 can be asked; of any
    /// other, [`connect`](Self::connect) tells as much.
    ///
    /// # Errors
    /// [`Error::UnsupportedMethod`] with a later revision, else any [`Error`] of the exchange.
    pub async fn ping(&self) -> Result<(), Error> {
        let decode = decode_result::<JsonObject>;
        self.call_method(PingRequest::NAME, None, &JsonObject::new(), &decode).await?;
        Ok(())
    }

    /// Sets the least serious level of the log messages that the server sends in this conversation.
    ///
    /// It holds until the conversation ends; the server chooses what it sends in a new one. Since
    /// 2026-07-28 there is no level but that of a call, which is set together with the wish to hear
    /// of its messages: [`CallOptions::on_log`](crate::CallOptions::on_log).
    ///
    /// # Errors
    /// [`Error::UnsupportedMethod`] with a later revision, [`Error::MissingCapability`] where the server writes
    /// no log, else any [`Error`] of the exchange.
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
