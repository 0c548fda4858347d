//! The settings of the device authorization grant (RFC 8628).

use std::{collections::VecDeque, time::Duration};

/// The device authorization grant of an [`AuthorizationServer`](crate::AuthorizationServer), with
/// its faults (RFC 8628).
///
/// The user decides at the first poll, unless the server first responds with
/// [errors](Self::errors). The server records a violation if a client polls too often.
///
/// ```
/// use mcp_testkit::{AuthorizationServer, DeviceGrant};
///
/// // The client must wait, then slow down, and then gets its tokens.
/// let grant = DeviceGrant::new().errors(["authorization_pending", "slow_down"]);
/// let accounts = AuthorizationServer::builder().device_grant(grant);
/// # let _ = accounts;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct DeviceGrant {
    pub(crate) interval: Option<Duration>,
    pub(crate) lifetime: Duration,
    pub(crate) user_code: String,
    pub(crate) verification_uri: Option<String>,
    pub(crate) complete_uri: bool,
    pub(crate) errors: VecDeque<String>,
}

impl DeviceGrant {
    /// Returns a grant whose codes are valid for ten minutes, and polled each second.
    pub fn new() -> Self {
        Self {
            interval: Some(Duration::from_secs(1)),
            lifetime: Duration::from_secs(600),
            user_code: "WDJB-MJHT".to_owned(),
            verification_uri: None,
            complete_uri: true,
            errors: VecDeque::new(),
        }
    }

    /// Sets the time between two polls. `None` leaves it out of the response, so it is 5 seconds.
    pub fn interval(self, interval: Option<Duration>) -> Self {
        Self { interval, ..self }
    }

    /// Sets the lifetime of a device code.
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Sets the code that the user enters.
    pub fn user_code(self, code: impl Into<String>) -> Self {
        Self { user_code: code.into(), ..self }
    }

    /// Sets the verification URI, which may be invalid. Defaults to `/device` at the issuer.
    pub fn verification_uri(self, uri: impl Into<String>) -> Self {
        Self { verification_uri: Some(uri.into()), ..self }
    }

    /// Includes or leaves out the verification URI that contains the code. Defaults to `true`.
    pub fn complete_uri(self, included: bool) -> Self {
        Self { complete_uri: included, ..self }
    }

    /// Sets the error codes of the first polls, such as `authorization_pending`, `slow_down`,
    /// `expired_token` or `access_denied`.
    pub fn errors<T: Into<String>>(self, codes: impl IntoIterator<Item = T>) -> Self {
        Self { errors: codes.into_iter().map(Into::into).collect(), ..self }
    }
}

impl Default for DeviceGrant {
    fn default() -> Self {
        Self::new()
    }
}
