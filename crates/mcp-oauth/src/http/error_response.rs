//! Error responses of authorization servers (OAuth 2.1, section 3.2.4).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use url::Url;

use super::guarded_client::unusable;
use crate::error::{At, Error};

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
    error_description: Option<String>,
}

/// What an answer that is no success says.
pub(crate) fn refusal(url: &Url, answer: &Response<Bytes>) -> Error {
    let status = answer.status();
    match error_response(url, answer) {
        Some(refused) if status.is_client_error() => refused,
        _ if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            Error::untrusted(url, format!("it answers with HTTP status {status} and no reason"))
        }
        _ => unusable(url, status),
    }
}

pub(crate) fn error_response(url: &Url, answer: &Response<Bytes>) -> Option<Error> {
    let response = serde_json::from_slice(answer.body()).ok()?;
    let ErrorResponse { error, error_description } = response;
    Some(Error::Refused { url: At(url).to_string(), error, description: error_description })
}
