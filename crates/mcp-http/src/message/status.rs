//! The status of a response, and the errors for statuses that are not a success.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, StatusCode,
    header::{self, WWW_AUTHENTICATE},
};

use mcp_client::Truncated;

use super::redaction::RequestSecrets;
use crate::{
    auth::{Challenge, Unauthorized, UnauthorizedReason},
    client::Response,
    compat::{HttpDeviations, RejectedSession},
    endpoint::Endpoint,
    error::Error,
    error_body::ErrorBody,
};

/// The maximum length of all `WWW-Authenticate` headers together, in bytes. The rest is ignored.
const CHALLENGES_LIMIT: usize = 16 * 1024;

/// Returns the response if its status is a success, otherwise an error.
pub(crate) async fn check_status(
    response: Response,
    secrets: &RequestSecrets,
    rejected_session: &RejectedSession,
    deviations: &HttpDeviations,
) -> Result<Response, Error> {
    let (status, headers) = (response.status(), response.headers());
    let session = secrets.session.as_ref();
    if status.is_success() {
        return Ok(response);
    }
    let endpoint = response.endpoint.clone();
    if let Some(unauthorized) = read_unauthorized(&endpoint, status, headers, secrets) {
        deviations.check_challenge(status, headers);
        if status != StatusCode::UNAUTHORIZED || !RejectedSession::is_possible(headers, session) {
            response.drain();
            return Err(Error::Unauthorized(Box::new(unauthorized)));
        }
        let body = read_error_body(response, secrets).await;
        return Err(match rejected_session.is_lost(session, body.as_bytes(), deviations) {
            true => Error::SessionEnded { endpoint, status: Some(status), body },
            false => Error::Unauthorized(Box::new(unauthorized)),
        });
    }
    // Without a session, 404 means a wrong URL, not a lost session. The client checks whether the
    // body is a JSON-RPC error of this request.
    if status == StatusCode::NOT_FOUND && session.is_some() {
        let body = read_error_body(response, secrets).await;
        return Err(Error::SessionEnded { endpoint, status: Some(status), body });
    }
    if status.is_redirection() {
        let location = redirect_location(endpoint.url(), headers, secrets);
        return Err(Error::Redirect { endpoint, status, location });
    }
    let retry_after = retry_after(headers);
    let body = read_error_body(response, secrets).await;
    Err(Error::Status { endpoint, status, retry_after, body })
}

/// Returns the [`Unauthorized`] of a response if the request may succeed with another token: for any 401,
/// and for a 403 with the error `insufficient_scope`. Otherwise returns `None`.
fn read_unauthorized(
    endpoint: &Endpoint,
    status: StatusCode,
    headers: &HeaderMap,
    secrets: &RequestSecrets,
) -> Option<Unauthorized> {
    let reason = match status {
        StatusCode::UNAUTHORIZED if secrets.token.is_none() => UnauthorizedReason::Missing,
        StatusCode::UNAUTHORIZED => UnauthorizedReason::Rejected,
        StatusCode::FORBIDDEN => UnauthorizedReason::InsufficientScope,
        _ => return None,
    };
    let challenges = read_challenges(headers, secrets);
    let unauthorized = Unauthorized::new(endpoint.clone(), reason, challenges);
    let scope_error = || {
        let error = unauthorized.challenge().and_then(Challenge::error);
        error.is_some_and(|error| error.eq_ignore_ascii_case("insufficient_scope"))
    };
    (reason != UnauthorizedReason::InsufficientScope || scope_error()).then_some(unauthorized)
}

/// Parses all `WWW-Authenticate` headers of a response. Secrets of the request are redacted.
fn read_challenges(headers: &HeaderMap, secrets: &RequestSecrets) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    let mut remaining = CHALLENGES_LIMIT;
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let bytes = &value.as_bytes()[..value.len().min(remaining)];
        remaining -= bytes.len();
        let text = match bytes.len() < value.len() {
            true => secrets.redactor().redact_beginning(bytes),
            false => secrets.redactor().redact_bytes(bytes),
        };
        challenges.extend(Challenge::parse(&text));
    }
    challenges
}

/// Reads the beginning of an error response's body. Secrets of the request are redacted.
pub(super) async fn read_error_body(response: Response, secrets: &RequestSecrets) -> ErrorBody {
    if let Some(coding) = response.unrequested_coding() {
        return ErrorBody(format!("(a body in the content coding \"{coding}\")").into());
    }
    let (prefix, truncated) = response.read_prefix().await;
    ErrorBody::redacted(&prefix, truncated, &secrets.redactor())
}

/// Parses the header `Retry-After`, which is a number of seconds or a date (RFC 9110, section
/// 10.2.3). Returns `None` if there is none, or if it is invalid.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Returns the target of a redirect without its query, which may contain secrets. A target that is
/// not an HTTP URL is returned in quotes, as it is.
fn redirect_location(from: &url::Url, headers: &HeaderMap, secrets: &RequestSecrets) -> String {
    let Some(location) = headers.get(header::LOCATION) else {
        return "an unknown location".to_owned();
    };
    let location = secrets.redactor().redact_bytes(location.as_bytes());
    let target = from.join(&location).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    match target {
        Some(url) => {
            let target = format!("{}{}", url.origin().ascii_serialization(), url.path());
            Truncated(&secrets.redactor().redact(&target)).to_string()
        }
        None => format!("{:?}", Truncated(location.split(['?', '#']).next().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::auth::AccessToken;

    fn after(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn retry_after_accepts_seconds_and_dates() {
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        let hour = Duration::from_secs(60 * 60);
        let in_an_hour = after(&httpdate::fmt_http_date(SystemTime::now() + hour)).unwrap();
        assert!(in_an_hour <= hour && in_an_hour > hour / 2, "{in_an_hour:?}");
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-1", "1.5", "Wed, 21 Oct"] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn reads_challenges_in_order_within_a_limit_and_redacts_the_token() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=a"));
        let echo = HeaderValue::from_static("Bearer error_description=\"s3cret is bad\"");
        headers.append(WWW_AUTHENTICATE, echo);
        let long = format!("Bearer a=\"{}\", b=c", "x".repeat(CHALLENGES_LIMIT));
        headers.append(WWW_AUTHENTICATE, HeaderValue::try_from(long).unwrap());
        let token = Some(AccessToken::new("s3cret"));
        let secrets = RequestSecrets { token, ..RequestSecrets::default() };
        let challenges = read_challenges(&headers, &secrets);
        assert_eq!(challenges[0].param("REALM"), Some("a"));
        assert_eq!(challenges[1].error_description(), Some("**** is bad"));
        assert_eq!(challenges[2].params, []);
    }
}
