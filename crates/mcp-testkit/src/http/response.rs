//! Scripted HTTP responses.

use std::time::Duration;

use bytes::Bytes;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE},
};
use serde_json::Value;

use super::body::{Part, ResponseBody};
use crate::base::{Barrier, EVENT_STREAM, JSON};

/// A scripted HTTP response with a status, headers and a body of several parts.
///
/// Pass it to [`TestServer::script`](crate::TestServer::script), which accepts it as a
/// [`Fault`](crate::Fault). The methods panic on invalid HTTP, such as the status 42.
///
/// ```
/// use mcp_testkit::{Barrier, Reply};
///
/// let busy = Reply::status(503).header("retry-after", "1").chunk("try again");
///
/// // A stream that ends in the middle of an event, after the test opens the barrier.
/// let barrier = Barrier::new();
/// let broken = Reply::sse(["id: 1\ndata:\n\n"]).hold(&barrier).chunk("data: {\"json").abort();
/// # let _ = (busy, broken);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    parts: Vec<Part>,
}

impl Reply {
    /// Returns a response without a body.
    pub fn status(code: u16) -> Self {
        let status = StatusCode::from_u16(code).expect("an HTTP status has three digits");
        Self { status, headers: Vec::new(), parts: Vec::new() }
    }

    /// Returns a response with status 200 and this body.
    pub fn body(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::status(200).header(CONTENT_TYPE.as_str(), content_type).chunk(body)
    }

    /// Returns a response with status 200 and a JSON body.
    pub fn json(body: &Value) -> Self {
        Self::body(JSON, body.to_string())
    }

    /// Returns a response with status 200 and an event stream. It sends each chunk separately and
    /// unchanged, then ends.
    pub fn sse<C: Into<Bytes>>(chunks: impl IntoIterator<Item = C>) -> Self {
        let reply = Self::status(200).header(CONTENT_TYPE.as_str(), EVENT_STREAM);
        chunks.into_iter().fold(reply, Self::chunk)
    }

    /// Returns an HTML page with status 200, like that of a captive portal or a misconfigured load
    /// balancer.
    pub fn html_page() -> Self {
        let page = "<!doctype html><title>Sign in</title><p>Sign in to go on.</p>";
        Self::body("text/html; charset=utf-8", page)
    }

    /// Returns a redirect with status 307, which keeps the method and the body.
    pub fn redirect(location: &str) -> Self {
        Self::status(307).header(LOCATION.as_str(), location)
    }

    /// Returns a 401 response with this `WWW-Authenticate` value.
    pub fn unauthorized(challenge: &str) -> Self {
        Self::status(401).header(WWW_AUTHENTICATE.as_str(), challenge)
    }

    /// Adds a header. An existing header with the same name is kept.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a valid header name");
        let value = HeaderValue::from_str(value).expect("a valid header value");
        self.headers.push((name, value));
        self
    }

    /// Adds bytes to the body.
    pub fn chunk(self, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        if bytes.is_empty() { self } else { self.part(Part::Chunk(bytes)) }
    }

    /// Adds `size` spaces to the body, as a stream. JSON allows spaces between tokens, so only a
    /// size limit can reject such a body.
    pub fn padding(self, size: usize) -> Self {
        if size == 0 { self } else { self.part(Part::Fill(size)) }
    }

    /// Holds the rest of the body until the barrier is open. The status and the headers are sent
    /// before.
    pub fn hold(self, barrier: &Barrier) -> Self {
        self.part(Part::Hold(barrier.clone()))
    }

    /// Closes the connection at this point of the body.
    pub fn abort(self) -> Self {
        self.part(Part::Abort)
    }

    /// Resets the connection at this point of the body.
    pub fn reset(self) -> Self {
        self.part(Part::Reset)
    }

    /// Pauses the body for this duration.
    pub fn pause(self, time: Duration) -> Self {
        self.part(Part::Pause(time))
    }

    /// Repeats the same bytes forever, with a pause after each time. Parts that are added later are
    /// never sent.
    pub fn repeat(self, bytes: impl Into<Bytes>, every: Duration) -> Self {
        self.part(Part::Repeat(bytes.into(), every))
    }

    pub(crate) fn parts(mut self, parts: Vec<Part>) -> Self {
        self.parts.extend(parts);
        self
    }

    pub(crate) fn into_response(self) -> Response<ResponseBody> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        let streamed = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == EVENT_STREAM);
        let mut response = Response::new(ResponseBody::new(self.parts, !streamed));
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }

    fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}
