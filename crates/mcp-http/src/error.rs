//! The error type of this crate, and its conversions.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use mcp_client::{BoxError, TransportError, TransportErrorKind as Kind};

use crate::{
    auth::{TokenUnavailable, Unauthorized},
    endpoint::{Endpoint, InvalidEndpoint},
    error_body::ErrorBody,
};

/// An error of the HTTP transports or the HTTP client.
///
/// No message of this type contains a token, a session id or the query of a URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL of a server is invalid.
    #[error("invalid server URL: {reason}")]
    InvalidEndpoint {
        /// The reason.
        reason: String,
    },

    /// A header has an invalid name or value, or it is reserved for the transport. Nothing was
    /// sent.
    #[error("cannot set header {name:?}: {reason}")]
    InvalidHeader {
        /// The name of the header.
        name: String,
        /// The reason.
        reason: &'static str,
    },

    /// The HTTP client cannot be created.
    #[error("cannot create an HTTP client")]
    ClientBuild {
        /// The cause.
        source: BoxError,
    },

    /// The access token is empty or contains a character that is not allowed in a header. Nothing
    /// was sent.
    #[error(
        "the access token for {endpoint} is empty or contains a space, a line break or another \
         character that is not allowed in a header"
    )]
    InvalidToken {
        /// The server that the token is for.
        endpoint: Endpoint,
    },

    /// A token or a configured header would be sent unencrypted. Nothing was sent.
    #[error(
        "credentials would be sent unencrypted to {endpoint}; use https, or allow insecure HTTP \
         for this server"
    )]
    InsecureHttp {
        /// The server that the credentials are for.
        endpoint: Endpoint,
    },

    /// The token source or the request signer returned an error. Nothing was sent.
    #[error("cannot get an access token for {endpoint}")]
    TokenSource {
        /// The server that the token is for.
        endpoint: Endpoint,
        /// The error of the token source or the request signer.
        source: BoxError,
    },

    /// The token source returned [`TokenUnavailable`], or did not respond in time. A later request
    /// may succeed. The request was not sent, or the server rejected it before it ran.
    #[error(transparent)]
    TokenUnavailable(TokenUnavailable),

    /// The server requires an access token, or rejected the one that was sent.
    #[error(transparent)]
    Unauthorized(Box<Unauthorized>),

    /// The session has ended, or the server has lost it. The request did not run, unless its
    /// response had begun.
    #[error("{}{}", SessionLost(.endpoint, *.status), BodySuffix(.body))]
    SessionEnded {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The HTTP status that means a lost session, which is 404 or, for some servers, 401. `None`
        /// if the session ended without such a response.
        status: Option<StatusCode>,
        /// The beginning of the body. Empty without a status.
        body: ErrorBody,
    },

    /// The client cannot connect: name resolution or TLS failed, the connection was refused, or it
    /// timed out.
    ///
    /// The error also occurs on an open connection if the server does not process the request (RFC
    /// 9113, section 8.7).
    #[error("cannot connect to {endpoint}")]
    Unreachable {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The cause.
        source: BoxError,
    },

    /// The connection was lost before the response was complete.
    #[error("the connection to {endpoint} was lost")]
    Interrupted {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The cause.
        source: BoxError,
    },

    /// An event stream ended or was interrupted, and could not be resumed.
    #[error("cannot resume the event stream of {endpoint}: gave up after {attempts} attempts")]
    ResumptionFailed {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The number of attempts to resume it.
        attempts: u32,
        /// The last error. `None` if the server ended the stream normally each time.
        source: Option<Arc<Error>>,
    },

    /// The HTTP status of the response is not a success.
    #[error("{endpoint} returned HTTP status {status}{}", BodySuffix(.body))]
    Status {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The HTTP status.
        status: StatusCode,
        /// The time that the server asks the client to wait before the next request
        /// (`Retry-After`).
        retry_after: Option<Duration>,
        /// The beginning of the body, which may contain a JSON-RPC error.
        body: ErrorBody,
    },

    /// The server redirects to a URL that is not followed. The client follows at most 3 redirects
    /// with the status 307 or 308, within the origin of the server. The token is not for another
    /// origin.
    #[error(
        "{endpoint} redirects to {location}, which is not followed; configure that URL if it is \
         correct"
    )]
    Redirect {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The HTTP status.
        status: StatusCode,
        /// The target of the redirect, without its query.
        location: String,
    },

    /// The content type of the response is not JSON and not an event stream.
    #[error(
        "expected JSON or an event stream from {endpoint}, got {content_type}{}",
        BodySuffix(.body)
    )]
    UnexpectedContentType {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The content type of the response.
        content_type: String,
        /// The beginning of the body.
        body: ErrorBody,
    },

    /// An event stream ended after an event of the type `error`, without the response.
    #[error("{endpoint} reported an error on the event stream{}", BodySuffix(.text))]
    ErrorEvent {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The beginning of the data of the event.
        text: ErrorBody,
    },

    /// The body of the response is compressed in a way that the client did not request.
    #[error("{endpoint} sent a body in the content coding \"{coding}\", which was not requested")]
    UnrequestedCoding {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The content codings of the body.
        coding: String,
    },

    /// The first event of an HTTP+SSE server names a URL of another origin. Messages are not sent to
    /// it, because it would receive the access token.
    #[error(
        "the \"endpoint\" event of {endpoint} contains a URL of another origin, \"{origin}\", which would \
         receive the access token"
    )]
    OtherOrigin {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The other origin.
        origin: String,
    },

    /// The response violates the rules of the transport.
    #[error("invalid response from {endpoint}: {reason}")]
    Protocol {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The violation.
        reason: &'static str,
    },

    /// A message of the server is larger than the limit.
    #[error("{endpoint} sent a message of more than {limit} bytes")]
    TooLarge {
        /// The URL of the server.
        endpoint: Endpoint,
        /// The limit, in bytes after decompression.
        limit: usize,
    },
}

impl Error {
    /// Returns the error for a session that ended without a response.
    pub(crate) fn session_ended(endpoint: Endpoint) -> Self {
        Self::SessionEnded { endpoint, status: None, body: ErrorBody(Bytes::new()) }
    }

    pub(crate) fn invalid_header_name(name: &str) -> Self {
        Self::InvalidHeader { name: name.to_owned(), reason: "invalid header name" }
    }

    pub(crate) fn invalid_header_value(name: &str) -> Self {
        let reason = "its value contains a character that is not allowed in a header";
        Self::InvalidHeader { name: name.to_owned(), reason }
    }

    /// Converts the error of a token source: [`TokenUnavailable`] into
    /// [`Error::TokenUnavailable`], and others into [`Error::TokenSource`].
    pub(crate) fn from_token_source(endpoint: &Endpoint, error: BoxError) -> Self {
        match error.downcast::<TokenUnavailable>() {
            Ok(unavailable) => Self::TokenUnavailable(*unavailable),
            Err(source) => Self::TokenSource { endpoint: endpoint.clone(), source },
        }
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
            | Error::TokenSource { .. }
            | Error::OtherOrigin { .. } => (Kind::Blocked, Bytes::new()),
            Error::TokenUnavailable(_) => (Kind::CredentialsUnavailable, Bytes::new()),
            Error::Unauthorized(_) => (Kind::Unauthorized, Bytes::new()),
            Error::SessionEnded { body, .. } => (Kind::SessionEnded, body.0.clone()),
            Error::Unreachable { .. } => (Kind::Unreachable, Bytes::new()),
            Error::ResumptionFailed { source: Some(source), .. }
                if matches!(**source, Error::Unreachable { .. }) =>
            {
                (Kind::Unreachable, Bytes::new())
            }
            Error::Interrupted { .. }
            | Error::ResumptionFailed { .. }
            | Error::ErrorEvent { .. } => (Kind::Interrupted, Bytes::new()),
            Error::Status { status, body, .. } => (Kind::Status(status.as_u16()), body.0.clone()),
            Error::Redirect { status, .. } => (Kind::Status(status.as_u16()), Bytes::new()),
            Error::UnexpectedContentType { .. }
            | Error::UnrequestedCoding { .. }
            | Error::Protocol { .. } => (Kind::Protocol, Bytes::new()),
            Error::TooLarge { .. } => (Kind::TooLarge, Bytes::new()),
        };
        let retry_after = match &error {
            Error::Status { retry_after, .. } => *retry_after,
            Error::TokenUnavailable(unavailable) => unavailable.retry_after(),
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
    /// Returns [`Error::InvalidEndpoint`] if `url` is not a URL or its scheme is not `http:` or
    /// `https:`. Returns it too if the URL contains a user name, a password or a fragment.
    pub fn parse(url: &str) -> Result<Self, Error> {
        Ok(Self::new(url)?)
    }
}

impl Unauthorized {
    /// Finds this error in `error` or among its sources.
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

/// Displays the end of a session, with the status that reports it.
struct SessionLost<'a>(&'a Endpoint, Option<StatusCode>);

impl std::fmt::Display for SessionLost<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.1 {
            Some(status) => write!(f, "{} lost the session: HTTP status {status}", self.0),
            None => write!(f, "the session with {} has ended", self.0),
        }
    }
}

/// Displays a body after a colon, or nothing if the body is empty.
struct BodySuffix<'a>(&'a ErrorBody);

impl std::fmt::Display for BodySuffix<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_bytes().trim_ascii() {
            [] => Ok(()),
            _ => write!(f, ": {}", self.0),
        }
    }
}
