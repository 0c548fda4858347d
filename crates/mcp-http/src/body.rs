//! Reading bodies within bounds.

use bytes::Bytes;

use crate::{error::Error, http_client::Response};

/// As much of a failure's body as is kept.
const EXCERPT: usize = 64 * 1024;

/// The whole body, if it is no longer than `limit` bytes.
pub(crate) async fn read(mut response: Response, limit: usize) -> Result<Bytes, Error> {
    let too_large =
        |response: &Response| Err(Error::TooLarge { endpoint: response.endpoint.clone(), limit });
    if response.announced_length().is_some_and(|length| length > limit as u64) {
        return too_large(&response);
    }
    let Some(first) = response.chunk().await? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await? else {
        return if first.len() > limit { too_large(&response) } else { Ok(first) };
    };
    let mut body = Vec::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if body.len() + chunk.len() > limit {
            return too_large(&response);
        }
        body.extend_from_slice(&chunk);
        next = response.chunk().await?;
    }
    Ok(body.into())
}

/// The beginning of a failure's body; what is longer, or breaks off, is left.
///
/// What is cut off does not end within `secret`, so that all of that can be found and hidden.
pub(crate) async fn read_beginning(mut response: Response, secret: &[u8]) -> Bytes {
    let mut body = Vec::new();
    while body.len() < EXCERPT {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                body.extend_from_slice(&chunk[..chunk.len().min(EXCERPT - body.len())]);
            }
            Ok(None) => return body.into(),
            Err(_) => break,
        }
    }
    let cut = (1..secret.len()).rev().find(|length| body.ends_with(&secret[..*length]));
    body.truncate(body.len() - cut.unwrap_or_default());
    body.into()
}
