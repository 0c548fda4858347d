//! A response whose body is read in chunks.

use std::{error::Error as StdError, io};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use hyper::body::Body as _;
use mcp_client::BoxError;

use super::pool::{self, DecodedBody};
use crate::{endpoint::Endpoint, error::Error};

/// A response with its status and headers. The body is read in chunks.
pub(crate) struct Response {
    /// The URL of the server, for errors.
    pub(crate) endpoint: Endpoint,
    /// The URL that has responded.
    pub(crate) url: Endpoint,
    pub(super) received: Received,
}

/// The response of either HTTP library, hyper or reqwest.
pub(super) enum Received {
    Hyper(http::Response<DecodedBody>),
    Reqwest(reqwest::Response),
}

impl Response {
    pub(crate) fn status(&self) -> StatusCode {
        match &self.received {
            Received::Hyper(response) => response.status(),
            Received::Reqwest(response) => response.status(),
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        match &self.received {
            Received::Hyper(response) => response.headers(),
            Received::Reqwest(response) => response.headers(),
        }
    }

    /// Returns the content codings of the body that are still there after decompression. The client
    /// did not request them. Other values of the header, such as the name of a character set, say
    /// nothing about the body.
    pub(crate) fn unrequested_coding(&self) -> Option<String> {
        const CODINGS: [&str; 7] =
            ["br", "compress", "deflate", "gzip", "x-compress", "x-gzip", "zstd"];
        let values = self.headers().get_all(header::CONTENT_ENCODING).into_iter();
        let values = values.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(','));
        let codings = values.map(|coding| coding.trim().to_ascii_lowercase());
        let known: Vec<_> = codings.filter(|coding| CODINGS.contains(&&**coding)).take(2).collect();
        (!known.is_empty()).then(|| known.join(", "))
    }

    /// Returns the length from `Content-Length`, if the body is not compressed.
    pub(super) fn announced_length(&self) -> Option<u64> {
        match &self.received {
            Received::Hyper(response) => response.body().size_hint().exact(),
            Received::Reqwest(response) => response.content_length(),
        }
    }

    /// Reads the next chunk of the body, after decompression. Returns `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = match &mut self.received {
            Received::Hyper(response) => {
                let chunk = pool::next_chunk(response.body_mut()).await;
                chunk.map_err(|error| (error.is::<hyper::Error>(), error))
            }
            Received::Reqwest(response) => {
                let chunk = response.chunk().await;
                chunk.map_err(|error| (!is_decompression_error(&error), without_url(error)))
            }
        };
        chunk.map_err(|(is_connection_error, source)| {
            let endpoint = self.endpoint.clone();
            match is_connection_error {
                true => Error::Interrupted { endpoint, source },
                false => Error::Protocol { endpoint, reason: "cannot decompress the body" },
            }
        })
    }
}

/// Returns whether decompression failed. Only decompression gives an I/O error. Errors of the
/// connection are hyper errors.
fn is_decompression_error(error: &reqwest::Error) -> bool {
    error.source().is_some_and(<dyn StdError>::is::<io::Error>)
}

/// Removes the URL from the error, because its query may contain a key.
pub(super) fn without_url(error: reqwest::Error) -> BoxError {
    error.without_url().into()
}
