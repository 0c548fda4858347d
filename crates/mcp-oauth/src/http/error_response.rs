//! Error responses of authorization servers (OAuth 2.1, section 3.2.4).

use bytes::Bytes;
use http::{Response, StatusCode};
use mcp_http::mcp_client::Redactor;
use serde::Deserialize;
use url::Url;

use super::guarded_client::status_error;
use crate::error::{DisplayUrl, Error};

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
    error_description: Option<String>,
}

/// Returns the error for an unsuccessful response, without the secrets of the request.
pub(crate) fn error_from_response(
    url: &Url,
    response: &Response<Bytes>,
    redactor: &Redactor,
) -> Error {
    let status = response.status();
    let is_temporary = status == StatusCode::TOO_MANY_REQUESTS || !status.is_client_error();
    match parse_error_response(url, response, redactor) {
        Some(error) if !is_temporary => error,
        _ if is_temporary => status_error(url, status, response.headers()),
        _ => Error::UnexpectedStatus { url: DisplayUrl(url).to_string(), status },
    }
}

/// Parses an error response. Returns `None` if the body is not an error response.
pub(crate) fn parse_error_response(
    url: &Url,
    response: &Response<Bytes>,
    redactor: &Redactor,
) -> Option<Error> {
    let ErrorResponse { error, error_description } =
        serde_json::from_slice(response.body()).ok()?;
    let url = DisplayUrl(url).to_string();
    Some(Error::response(&url, &error, error_description.as_deref(), redactor))
}
