//! What the status of a response means.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use crate::{
    auth::unauthorized::Unauthorized, client::body, client::http_client::Response, error::Error,
    message::redaction::Secrets,
};

/// Lets only a success pass.
pub(crate) async fn check(response: Response, secrets: &Secrets) -> Result<Response, Error> {
    let (status, headers) = (response.status(), response.headers());
    if status.is_success() {
        return Ok(response);
    }
    let endpoint = response.endpoint.clone();
    if let Some(unauthorized) = Unauthorized::read(&endpoint, status, headers, secrets) {
        body::leave(response);
        return Err(Error::Unauthorized(Box::new(unauthorized)));
    }
    // Without a session in the request, 404 is a wrong URL and no lost session.
    if status == StatusCode::NOT_FOUND && secrets.session.is_some() {
        body::leave(response);
        return Err(Error::SessionEnded { endpoint });
    }
    if status.is_redirection() {
        let location = secrets.mask(&location(endpoint.url(), headers));
        return Err(Error::Redirect { endpoint, status, location });
    }
    let retry_after = retry_after(headers);
    let body = body::beginning(response, secrets).await;
    Err(Error::Status { endpoint, status, retry_after, body })
}

/// The time to wait, which comes in seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Where a redirect points to, without what may be a secret.
fn location(from: &url::Url, headers: &HeaderMap) -> String {
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    match location.and_then(|location| from.join(location).ok()) {
        Some(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        None => "an unreadable location".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn a_time_to_wait_is_a_number_or_a_date() {
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        let hour = Duration::from_secs(60 * 60);
        let in_an_hour = after(&httpdate::fmt_http_date(SystemTime::now() + hour)).unwrap();
        assert!(in_an_hour <= hour && in_an_hour > hour / 2, "{in_an_hour:?}");
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-1", "1.5", "Wed, 21 Oct"] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
    }
}
