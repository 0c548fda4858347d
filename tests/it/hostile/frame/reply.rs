//! Replies of the hostile server, as data.

/// A reply of the server, which may break every rule.
///
/// These placeholders are replaced everywhere: `{id}` by the id of the request, `{secrets}` by the
/// secrets of the client, and `{origin}` by the origin of the server.
#[derive(Debug, Clone)]
pub(in crate::hostile) struct Reply {
    /// The status and the headers. `None` if the parts contain them.
    pub(super) head: Option<Head>,
    pub(super) parts: Vec<Part>,
    /// If true, the connection stays open for the next request.
    pub(super) keep_alive: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// If true, the length of the body is announced.
    pub(super) has_length: bool,
}

/// A part of a reply, in order.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Bytes(Vec<u8>),
    /// Repeats bytes this many times.
    Repeat(Vec<u8>, u64),
    /// Sends nothing until the client closes the connection.
    Hold,
    /// Resets the connection.
    Reset,
    /// Sends the messages for this HTTP+SSE stream until the client closes it.
    Messages,
}

/// A reply that is exactly these bytes.
pub(in crate::hostile) fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
    Reply { head: None, parts: vec![Part::Bytes(bytes.into())], keep_alive: false }
}

/// A reply with this status, content type and body.
pub(in crate::hostile) fn body(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Reply {
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    let head = Head { status, headers, has_length: true };
    Reply { head: Some(head), parts: vec![Part::Bytes(body.into())], keep_alive: false }
}

/// A successful reply with this JSON.
pub(in crate::hostile) fn json(text: impl Into<Vec<u8>>) -> Reply {
    body(200, "application/json", text)
}

/// A response with this result.
pub(in crate::hostile) fn result(result: &str) -> Reply {
    json(format!(r#"{{"jsonrpc":"2.0","id":{{id}},"result":{result}}}"#))
}

/// An event stream, which ends with the connection.
pub(in crate::hostile) fn events(text: impl Into<Vec<u8>>) -> Reply {
    let mut reply = body(200, "text/event-stream", text);
    if let Some(head) = &mut reply.head {
        head.has_length = false;
    }
    reply
}

/// A reply with this status and a body that contains the secrets.
pub(in crate::hostile) fn status(status: u16) -> Reply {
    body(status, "text/plain", "no: {secrets}")
}

/// The reply to a notification.
pub(in crate::hostile) fn accepted() -> Reply {
    body(202, "text/plain", "")
}

impl Reply {
    pub(in crate::hostile) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        let head = self.head.as_mut().expect("a reply with a head");
        head.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds bytes.
    pub(in crate::hostile) fn then(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.with(Part::Bytes(bytes.into()))
    }

    /// Adds bytes this many times.
    pub(in crate::hostile) fn repeat(self, bytes: impl Into<Vec<u8>>, times: u64) -> Self {
        self.with(Part::Repeat(bytes.into(), times))
    }

    /// Adds bytes until the client closes the connection, and at most 1 GiB.
    pub(in crate::hostile) fn endless(self, bytes: impl Into<Vec<u8>>) -> Self {
        let mut reply = self.with(Part::Repeat(bytes.into(), u64::MAX));
        if let Some(head) = &mut reply.head {
            head.has_length = false;
        }
        reply
    }

    /// Keeps the connection open, and sends nothing more.
    pub(in crate::hostile) fn hold(self) -> Self {
        self.with(Part::Hold)
    }

    pub(in crate::hostile) fn reset(self) -> Self {
        self.with(Part::Reset)
    }

    /// Continues with the messages of an HTTP+SSE stream.
    pub(in crate::hostile) fn messages(self) -> Self {
        self.with(Part::Messages)
    }

    /// Reads the next request from the same connection.
    pub(in crate::hostile) fn keep_alive(self) -> Self {
        Self { keep_alive: true, ..self }
    }

    fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}
