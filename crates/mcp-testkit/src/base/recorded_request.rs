//! A recorded HTTP request.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    HeaderMap, Request, Uri,
    body::Incoming,
    header::{AUTHORIZATION, HeaderValue},
};
use mcp_types::{JsonObject, RequestId};
use serde::Deserialize;
use serde_json::Value;

/// A request that the server received. Clones share it.
///
/// The `Debug` output omits the value of `Authorization` and the query of the URL.
#[derive(Clone)]
pub struct RecordedRequest(Arc<Inner>);

struct Inner {
    http_method: hyper::Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    json: Option<Value>,
}

impl RecordedRequest {
    pub(crate) async fn read(request: Request<Incoming>) -> Result<Self, hyper::Error> {
        let (mut head, body) = request.into_parts();
        if let hyper::header::Entry::Occupied(mut values) = head.headers.entry(AUTHORIZATION) {
            values.iter_mut().for_each(|value| value.set_sensitive(true));
        }
        let body = body.collect().await?.to_bytes();
        let json = serde_json::from_slice(&body).ok();
        let (http_method, uri, headers) = (head.method, head.uri, head.headers);
        Ok(Self(Arc::new(Inner { http_method, uri, headers, body, json })))
    }

    /// Returns the JSON-RPC method, such as `tools/call`. Without one it returns the HTTP method:
    /// `GET`, `DELETE`, or `POST` for a response of the client.
    pub fn method(&self) -> &str {
        self.rpc_method().unwrap_or_else(|| self.http_method())
    }

    pub(crate) fn rpc_method(&self) -> Option<&str> {
        self.member("method").and_then(Value::as_str)
    }

    /// Returns `true` if this is a JSON-RPC request, which expects a response.
    pub(crate) fn is_rpc_request(&self) -> bool {
        self.rpc_method().is_some() && self.id().is_some()
    }

    /// Returns the HTTP method.
    pub fn http_method(&self) -> &str {
        self.0.http_method.as_str()
    }

    /// Returns the path of the URL.
    pub fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// Returns the query of the URL.
    pub fn query(&self) -> Option<&str> {
        self.0.uri.query()
    }

    /// Returns all headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Returns the first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name).map(HeaderValue::to_str)?.ok()
    }

    /// Returns the value of a header that occurs exactly once, if it is text.
    pub(crate) fn single_header(&self, name: &str) -> Option<&str> {
        let mut values = self.0.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).map(HeaderValue::to_str)?.ok()
    }

    /// Returns the token of `Authorization: Bearer`.
    pub fn bearer_token(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Returns the raw body.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Returns the body as JSON, if it is JSON.
    pub fn json(&self) -> Option<&Value> {
        self.0.json.as_ref()
    }

    /// Returns the id of the JSON-RPC request. For a response of the client, returns the id of the
    /// server's request.
    pub fn id(&self) -> Option<RequestId> {
        self.member("id").and_then(|id| RequestId::deserialize(id).ok())
    }

    /// Returns the `params` of the JSON-RPC request or notification.
    pub fn params(&self) -> Option<&JsonObject> {
        self.member("params").and_then(Value::as_object)
    }

    pub(crate) fn meta(&self) -> Option<&JsonObject> {
        self.params()?.get("_meta")?.as_object()
    }

    /// Returns `true` if a list-valued header, such as `Accept`, names this media type.
    pub(crate) fn has_media_type(&self, header: &str, media_type: &str) -> bool {
        let values = self.0.headers.get_all(header).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|item| item.split(';').next().is_some_and(|name| is_media_type(name, media_type)))
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.0.json.as_ref().and_then(|json| json.get(name))
    }
}

fn is_media_type(name: &str, expected: &str) -> bool {
    name.trim().eq_ignore_ascii_case(expected)
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedRequest")
            .field("http_method", &self.0.http_method)
            .field("path", &self.path())
            .field("headers", &self.0.headers)
            .field("json", &self.0.json)
            .finish_non_exhaustive()
    }
}
