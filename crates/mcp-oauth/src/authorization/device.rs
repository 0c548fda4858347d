//! The response of the device authorization endpoint (RFC 8628, section 3.2).

use std::time::Duration;

use mcp_http::mcp_client::Truncated;
use serde::Deserialize;
use url::Url;

use crate::{
    crypto::Secret,
    error::Error,
    http::{GuardedClient, is_loopback},
    lenient,
};

/// The longest lifetime of a device code.
const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// The lifetime of a device code if the server names none, although it must.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The longest time between two polls.
const MAX_INTERVAL: Duration = Duration::from_secs(60);
/// The time between two polls if the server names none, and the time that `slow_down` adds.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// The longest user code, in characters.
const MAX_USER_CODE: usize = 64;
/// The longest verification URI, in bytes.
const MAX_URI: usize = 2_048;
/// The longest device code, in bytes.
const MAX_DEVICE_CODE: usize = 8 * 1024;

/// A device code, and what the user needs to approve it. All of it is checked.
pub(crate) struct DeviceAuthorization {
    pub(crate) device_code: Secret,
    pub(crate) user_code: String,
    pub(crate) verification_uri: Url,
    pub(crate) verification_uri_complete: Option<Url>,
    pub(crate) lifetime: Duration,
    pub(crate) interval: PollInterval,
}

/// The time between two polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PollInterval(Duration);

#[derive(Deserialize)]
struct Members {
    device_code: Secret,
    user_code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    verification_uri: Option<String>,
    /// Google's name of `verification_uri`.
    #[serde(default, deserialize_with = "lenient::text")]
    verification_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    verification_uri_complete: Option<String>,
    #[serde(default, deserialize_with = "lenient::seconds")]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "lenient::seconds")]
    interval: Option<u64>,
}

impl DeviceAuthorization {
    /// Parses and checks a response of the endpoint at `url`.
    pub(crate) fn parse(url: &Url, body: &[u8], http: &GuardedClient) -> Result<Self, Error> {
        let incomplete = || {
            let reason = "its device authorization response lacks \"device_code\", \"user_code\" \
                          or \"verification_uri\"";
            Error::untrusted(url, reason)
        };
        // The parse error is not reported, because it may quote the device code.
        let members: Members = serde_json::from_slice(body).map_err(|_| incomplete())?;
        let link = members.verification_uri.or(members.verification_url);
        let link = link.ok_or_else(incomplete)?;
        check_device_code(url, &members.device_code)?;
        check_user_code(url, &members.user_code)?;
        let complete = members.verification_uri_complete.and_then(|link| {
            let checked = check_link(&link, http);
            checked.inspect_err(|error| tracing::debug!(%error, "ignoring a link")).ok()
        });
        let lifetime = members.expires_in.map_or(DEFAULT_LIFETIME, Duration::from_secs);
        Ok(Self {
            verification_uri: check_link(&link, http)?,
            verification_uri_complete: complete,
            device_code: members.device_code,
            user_code: members.user_code,
            lifetime: lifetime.min(MAX_LIFETIME),
            interval: PollInterval::new(members.interval),
        })
    }
}

impl PollInterval {
    fn new(seconds: Option<u64>) -> Self {
        let interval = seconds.map_or(DEFAULT_INTERVAL, Duration::from_secs);
        Self(interval.clamp(Duration::from_secs(1), MAX_INTERVAL))
    }

    /// Returns the time to wait before the next poll.
    pub(crate) fn duration(self) -> Duration {
        self.0
    }

    /// Returns the interval after `slow_down`, which lasts for all later polls (RFC 8628, section
    /// 3.5).
    pub(crate) fn slowed_down(self) -> Self {
        Self((self.0 + DEFAULT_INTERVAL).min(MAX_INTERVAL))
    }

    /// Returns the interval after a temporary failure: twice as long, or as long as the server asks
    /// for (RFC 8628, section 3.5).
    pub(crate) fn after_failure(self, retry_after: Option<Duration>) -> Self {
        Self((self.0 * 2).max(retry_after.unwrap_or_default()).min(MAX_INTERVAL))
    }
}

fn check_device_code(url: &Url, code: &Secret) -> Result<(), Error> {
    match (1..=MAX_DEVICE_CODE).contains(&code.expose().len()) {
        true => Ok(()),
        false => Err(Error::untrusted(url, "its device code is empty or too long")),
    }
}

/// Checks the code that the user reads. It must fit on one line, and not change the terminal.
fn check_user_code(url: &Url, code: &str) -> Result<(), Error> {
    let is_printable = !code.trim().is_empty() && !code.contains(Truncated::is_control);
    match is_printable && code.chars().count() <= MAX_USER_CODE {
        true => Ok(()),
        false => {
            let reason = format!(
                "its user code is empty, longer than {MAX_USER_CODE} characters, or contains \
                 control characters"
            );
            Err(Error::untrusted(url, reason))
        }
    }
}

/// Checks a link that the user opens. Unlike the URL of a request, it may have a fragment. It must use
/// HTTPS or be on this machine, whatever the settings allow for requests.
fn check_link(link: &str, http: &GuardedClient) -> Result<Url, Error> {
    let base = http.check(link.split('#').next().unwrap_or_default())?;
    let url = Url::parse(link);
    let url = url.map_err(|_| Error::untrusted(&base, "it is not a URL"))?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err(Error::untrusted(&base, "it does not use HTTPS, so it is not shown"));
    }
    match url.as_str().len() <= MAX_URI {
        true => Ok(url),
        false => Err(Error::untrusted(&base, format!("it is longer than {MAX_URI} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mcp_http::HttpClient;
    use serde_json::{Value, json};

    use super::*;

    fn parse(changes: &Value) -> Result<DeviceAuthorization, Error> {
        let mut response = json!({
            "device_code": "5ecret",
            "user_code": "WDJB-MJHT",
            "verification_uri": "https://login.example/device",
        });
        for (name, value) in changes.as_object().unwrap() {
            response[name] = value.clone();
        }
        let http = GuardedClient::new(HttpClient::builder(), BTreeSet::new()).unwrap();
        let url = Url::parse("https://login.example/device_authorization").unwrap();
        DeviceAuthorization::parse(&url, response.to_string().as_bytes(), &http)
    }

    #[test]
    fn lifetimes_and_intervals_are_bounded() {
        for (given, lifetime, interval) in [
            (json!({}), 600, 5),
            (json!({ "expires_in": 1800, "interval": 7 }), 1800, 7),
            (json!({ "expires_in": "900", "interval": "2" }), 900, 2),
            (json!({ "expires_in": 1e300, "interval": 1e300 }), 3600, 60),
            (json!({ "expires_in": -1, "interval": 0 }), 0, 1),
            (json!({ "expires_in": null, "interval": "soon" }), 600, 5),
        ] {
            let parsed = parse(&given).unwrap();
            assert_eq!(parsed.lifetime.as_secs(), lifetime, "{given}");
            assert_eq!(parsed.interval.duration().as_secs(), interval, "{given}");
        }
    }

    #[test]
    fn the_interval_grows_up_to_one_minute() {
        let interval = PollInterval::new(Some(5));
        assert_eq!(interval.slowed_down().duration().as_secs(), 10);
        assert_eq!(interval.after_failure(None).duration().as_secs(), 10);
        let retry_after = Some(Duration::from_secs(30));
        assert_eq!(interval.after_failure(retry_after).duration().as_secs(), 30);
        let longest = PollInterval::new(Some(60));
        let never = Some(Duration::from_secs(86_400));
        for longer in [longest.slowed_down(), longest.after_failure(never)] {
            assert_eq!(longer.duration(), MAX_INTERVAL);
        }
    }

    #[test]
    fn codes_that_cannot_be_shown_are_rejected() {
        for code in ["", " ", "a\nb", "\u{1b}[2J", "a\u{202e}b", &"x".repeat(65)] {
            let error = parse(&json!({ "user_code": code })).err().unwrap();
            assert!(error.to_string().contains("its user code is empty"), "{error}");
        }
        assert_eq!(parse(&json!({ "user_code": "x".repeat(64) })).unwrap().user_code.len(), 64);
        for code in [json!(""), json!("x".repeat(8 * 1024 + 1)), json!(1), Value::Null] {
            let error = parse(&json!({ "device_code": code })).err().unwrap();
            assert!(!format!("{error:?}").contains("xxx"), "{error:?}");
        }
        parse(&json!({ "device_code": "x".repeat(8 * 1024) })).unwrap();
    }

    #[test]
    fn only_safe_links_are_shown() {
        let long = format!("https://login.example/{}", "x".repeat(2_048));
        for link in [
            "http://login.example/device",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ms-settings:privacy",
            "https://user@login.example/",
            "https://10.0.0.1/device",
            "http://127.0.0.1/device",
            "",
            &long,
        ] {
            assert!(parse(&json!({ "verification_uri": link })).is_err(), "{link}");
            let parsed = parse(&json!({ "verification_uri_complete": link })).unwrap();
            assert_eq!(parsed.verification_uri_complete, None, "{link}");
        }
        let link = "https://login.example/?a=b#/device";
        let parsed = parse(&json!({ "verification_uri_complete": link })).unwrap();
        assert_eq!(parsed.verification_uri_complete.unwrap().as_str(), link);
        let google = parse(&json!({ "verification_uri": null, "verification_url": link })).unwrap();
        assert_eq!(google.verification_uri.as_str(), link);
    }
}
