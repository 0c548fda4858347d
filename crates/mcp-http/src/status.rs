//! What the status of a response means.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use crate::{
    body, error::Error, http_client::Response, secrets::Secrets, unauthorized::Unauthorized,
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

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Where a redirect points to, without what may be a secret.
fn location(from: &url::Url, headers: &HeaderMap) -> String {
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    match location.and_then(|location| from.join(location).ok()) {
        Some(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        None => "an unreadable location".to_owned(),
    }
}
