//! The messages of an event stream, as they come.

use bytes::Bytes;

use crate::{
    body, error::Error, http_client::Response, reply::Success, secrets::Secrets, sse::Parser, wire,
};

/// An event stream that is being read.
pub(crate) struct Events {
    /// Its response; `None` once that has ended.
    response: Option<Response>,
    parser: Parser,
    secrets: Secrets,
    limit: usize,
}

impl Events {
    pub(crate) fn new(success: Success) -> Self {
        let Success { response, secrets, limit } = success;
        Self { response: Some(response), parser: Parser::new(limit), secrets, limit }
    }

    /// The next message; `None` where the stream has ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(response) = &mut self.response else { return Ok(None) };
            let too_large =
                |_| Error::TooLarge { endpoint: response.endpoint.clone(), limit: self.limit };
            match self.parser.next().map_err(too_large)? {
                // Empty data only announces an event id; other types are not MCP.
                Some(event) if !event.is_message || event.data.is_empty() => {}
                Some(event) => {
                    wire::body("<", &event.data, &self.secrets);
                    return Ok(Some(self.secrets.mask_unless_result(event.data)));
                }
                None => match response.chunk().await? {
                    Some(chunk) => self.parser.push(chunk),
                    None => self.response = None,
                },
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if let Some(response) = self.response.take() {
            body::leave(response);
        }
    }
}
