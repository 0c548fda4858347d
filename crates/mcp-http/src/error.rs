//! The error type of this crate, and its conversions.

use std::{error::Error as StdError, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use mcp_client::{BoxError, TransportError, TransportErrorKind as Kind};

use crate::{
    auth::Unauthorized,
    endpoint::{Endpoint, InvalidEndpoint},
    error_body::ErrorBody,
};

/// Why a message did not reach a server, or nothing usable came back.
///
/// No variant shows a token, a session id or the query of a URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL of a server is unusable.
    #[error("the server's URL is not usable: {reason}")]
    InvalidEndpoint {
        /// What is wrong with it.
        reason: String,
    },

    /// A header is not one, or is the transport's own. Nothing was sent.
    #[error("the header {name:?} cannot be set: {reason}")]
    InvalidHeader {
        /// The header's name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// No HTTP client could be set up.
    #[error("no HTTP client can be set up")]
    ClientBuild {
        /// What is wrong.
        source: BoxError,
    },

    /// The access token holds what no header carries. Nothing was sent.
    #[error(
        "the access token for {endpoint} is empty or holds a space, a line break or another \
         character that no header carries"
    )]
    InvalidToken {
        /// The server that the token is meant for.
        endpoint: Endpoint,
    },

    /// A token or a header of the user's own would travel unencrypted. Nothing was sent.
    #[error(
        "credentials would travel unencrypted to {endpoint}: use https, or allow insecure HTTP \
         for this server"
    )]
    InsecureHttp {
        /// The server that they are meant for.
        endpoint: Endpoint,
    },

    /// The token source found no token. Nothing was sent.
    #[error("no access token for {endpoint}")]
    TokenSource {
        /// The server that the token is meant for.
        endpoint: Endpoint,
        /// Why there is none.
        source: BoxError,
    },

    /// The server wants an access token, or a better one.
    #[error(transparent)]
    Unauthorized(Box<Unauthorized>),

    /// The server no longer knows the session. The request did not run, unless its answer had begun.
    #[error("{endpoint} has ended the session")]
    SessionEnded {
        /// The server.
        endpoint: Endpoint,
    },

    /// No connection could be made: name resolution, TLS, refused, timeout. Or there is one, over
    /// which the server takes no request (RFC 9113, section 8.7).
    #[error("cannot reach {endpoint}")]
    Unreachable {
        /// The server.
        endpoint: Endpoint,
        /// Why.
        source: BoxError,
    },

    /// The connection broke before the answer was complete.
    #[error("the connection to {endpoint} broke")]
    Interrupted {
        /// The server.
        endpoint: Endpoint,
        /// How.
        source: BoxError,
    },

    /// An event stream ended or broke, and was not to be had again.
    #[error("the stream of {endpoint} could not be taken up again in {attempts} attempts")]
    ResumptionFailed {
        /// The server.
        endpoint: Endpoint,
        /// How often that was tried.
        attempts: u32,
        /// What was the matter last, unless the server just ended the stream each time.
        source: Option<Box<Error>>,
    },

    /// The server answered with an HTTP status that is no success.
    #[error("{endpoint} answered with HTTP status {status}{}", BodySuffix(.body))]
    Status {
        /// The server.
        endpoint: Endpoint,
        /// The status.
        status: StatusCode,
        /// How long the server asks to wait before the next request (`Retry-After`).
        retry_after: Option<Duration>,
        /// The beginning of the body, which may hold a JSON-RPC error.
        body: ErrorBody,
    },

    /// The server points to another URL, which is not followed: it was not given the token.
    #[error(
        "{endpoint} redirects to {location}, which is not followed: set that URL if it is right"
    )]
    Redirect {
        /// The server.
        endpoint: Endpoint,
        /// The status.
        status: StatusCode,
        /// Where it points to, without the query.
        location: String,
    },

    /// The answer is neither JSON nor an event stream.
    #[error(
        "{endpoint} answered with {content_type} instead of JSON or an event stream{}",
        BodySuffix(.body)
    )]
    UnexpectedContentType {
        /// The server.
        endpoint: Endpoint,
        /// What it says the body is.
        content_type: String,
        /// The beginning of the body.
        body: ErrorBody,
    },

    /// The server broke a rule of the transport.
    #[error("{endpoint} broke the rules of MCP over HTTP: {reason}")]
    Protocol {
        /// The server.
        endpoint: Endpoint,
        /// Which rule.
        reason: &'static str,
    },

    /// A message of the server is larger than allowed.
    #[error("{endpoint} sent a message of more than {limit} bytes")]
    TooLarge {
        /// The server.
        endpoint: Endpoint,
        /// The limit, in bytes after decompression.
        limit: usize,
    },
}

impl Error {
    pub(crate) fn invalid_header_name(name: &str) -> Self {
        Self::InvalidHeader { name: name.to_owned(), reason: "it is no header name" }
    }

    pub(crate) fn invalid_header_value(name: &str) -> Self {
        let reason = "its value holds a character that no header carries";
        Self::InvalidHeader { name: name.to_owned(), reason }
    }
}

impl From<Error> for TransportError {
    fn from(error: Error) -> Self {
        let (kind, body) = match &error {
            Error::InvalidEndpoint { .. }
            | Error::InvalidHeader { .. }
            | Error::ClientBuild { .. }
            | Error::InvalidToken { .. }
            | Error::InsecureHttp { .. }
            | Error::TokenSource { .. } => (Kind::Blocked, Bytes::new()),
            Error::Unauthorized(_) => (Kind::Unauthorized, Bytes::new()),
            Error::SessionEnded { .. } => (Kind::SessionEnded, Bytes::new()),
            Error::Unreachable { .. } => (Kind::Unreachable, Bytes::new()),
            Error::Interrupted { .. } | Error::ResumptionFailed { .. } => {
                (Kind::Interrupted, Bytes::new())
            }
            Error::Status { status, body, .. } => (Kind::Status(status.as_u16()), body.0.clone()),
            Error::Redirect { status, .. } => (Kind::Status(status.as_u16()), Bytes::new()),
            Error::UnexpectedContentType { .. } | Error::Protocol { .. } => {
                (Kind::Protocol, Bytes::new())
            }
            Error::TooLarge { .. } => (Kind::TooLarge, Bytes::new()),
        };
        let retry_after = match &error {
            Error::Status { retry_after, .. } => *retry_after,
            _ => None,
        };
        Self::new(kind, error).with_body(body).with_retry_after(retry_after)
    }
}

impl From<InvalidEndpoint> for Error {
    fn from(InvalidEndpoint { reason }: InvalidEndpoint) -> Self {
        Self::InvalidEndpoint { reason }
    }
}

impl Endpoint {
    /// Parses the URL of a server.
    ///
    /// # Errors
    /// [`Error::InvalidEndpoint`] if it is not a URL, its scheme is not `http:` or `https:`, or
    /// it holds a user name, a password or a fragment.
    pub fn parse(url: &str) -> Result<Self, Error> {
        Ok(Self::new(url)?)
    }
}

impl Unauthorized {
    /// Finds the refusal in an error, or in what caused it.
    pub fn find_in<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = Self::downcast(error) {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    fn downcast<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        if let Some(unauthorized) = error.downcast_ref() {
            return Some(unauthorized);
        }
        if let Some(Error::Unauthorized(unauthorized)) = error.downcast_ref() {
            return Some(unauthorized);
        }
        let transport = match error.downcast_ref() {
            Some(mcp_client::Error::Transport(error)) => Some(error),
            _ => error.downcast_ref::<TransportError>(),
        };
        transport.and_then(|error| Self::downcast(error.get_ref()))
    }
}

/// Shows a body after a colon, or nothing if it is empty.
struct BodySuffix<'a>(&'a ErrorBody);

impl std::fmt::Display for BodySuffix<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_bytes().trim_ascii() {
            [] => Ok(()),
            _ => write!(f, ": {}", self.0),
        }
    }
}
