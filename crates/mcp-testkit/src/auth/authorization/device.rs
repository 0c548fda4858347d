//! The pending device codes (RFC 8628).

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{device_grant::DeviceGrant, issued_tokens::Grant, oauth_error::OAuthError};

/// The time between two polls if the server names none (RFC 8628, section 3.5), and the time that
/// `slow_down` adds.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// A device code that is not used yet.
pub(crate) struct PendingDevice {
    pub(crate) grant: Grant,
    errors: VecDeque<String>,
    interval: Duration,
    last_request: Instant,
    expires: Instant,
}

impl PendingDevice {
    pub(crate) fn new(config: &DeviceGrant, grant: Grant) -> Self {
        let now = Instant::now();
        Self {
            grant,
            errors: config.errors.clone(),
            interval: config.interval.unwrap_or(DEFAULT_INTERVAL),
            last_request: now,
            expires: now + config.lifetime,
        }
    }

    /// Returns the error of a poll, or `None` if the user decides now. The first value is `true` if
    /// the client has waited long enough.
    pub(crate) fn poll(&mut self) -> (bool, Option<OAuthError>) {
        let now = Instant::now();
        let has_waited = now - self.last_request >= self.interval;
        self.last_request = now;
        let code = match self.expires <= now {
            true => Some("expired_token".to_owned()),
            false => self.errors.pop_front(),
        };
        if code.as_deref() == Some("slow_down") {
            self.interval += DEFAULT_INTERVAL;
        }
        (has_waited, code.map(|code| OAuthError::new(&code, "the device has no tokens yet")))
    }
}
