//! Resources: data that a server lets its clients read.

use mcp_types::{
    JsonObject, JsonRpcMessage, Method, OrInputRequired,
    v2026_07_28::{
        InputRequiredResult, ReadResourceRequest, ReadResourceResult, Resource, ResourceContents,
        ResourceTemplate,
    },
};

use super::client::Client;
use crate::{
    error::Error,
    request::ResourceUri,
    result::{CacheHint, ListResult, Outcome, meta_to_object},
};

/// What is in a resource.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ResourceResult {
    /// Its parts, each a text or bytes with a URI of its own; a directory, for one, has many.
    pub contents: Vec<ResourceContents>,
    /// How long it may be kept, and for whom, where the server says so.
    pub cache: Option<CacheHint>,
    /// `_meta`, as it was sent.
    pub meta: Option<JsonObject>,
}

impl From<ReadResourceResult> for ResourceResult {
    fn from(result: ReadResourceResult) -> Self {
        Self {
            cache: CacheHint::new(result.ttl_ms, result.cache_scope.as_ref()),
            contents: result.contents,
            meta: result.meta.map(meta_to_object),
        }
    }
}

/// # Resources
impl Client {
    /// The resources of the server, all pages of the list. There may be more: tools may link to some
    /// that no list has, and [templates](Self::list_resource_templates) stand for many.
    ///
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), mcp_client::Error> {
    /// for resource in client.list_resources().await?.items {
    ///     let read = client.read_resource(&resource.uri).await?;
    ///     println!("{}: {} parts", resource.name, read.contents.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingCapability`] where the server has none, [`Error::ListLimitExceeded`] past a limit, else any
    /// [`Error`] of the exchange.
    pub async fn list_resources(&self) -> Result<ListResult<Resource>, Error> {
        self.list_all().await
    }

    /// The templates of resources of the server, all pages of the list.
    ///
    /// # Errors
    /// As [`list_resources`](Self::list_resources).
    pub async fn list_resource_templates(&self) -> Result<ListResult<ResourceTemplate>, Error> {
        self.list_all().await
    }

    /// What is in a resource.
    ///
    /// # Errors
    /// Any [`Error`] of the exchange; that there is no such resource tells
    /// [`Error::is_not_found`].
    pub async fn read_resource(&self, uri: &str) -> Result<ResourceResult, Error> {
        let method = ReadResourceRequest::NAME;
        let (result, input_was_required) =
            self.call_method(method, Some(uri), &ResourceUri { uri }, &decode).await?;
        // What depends on input of the user's is good for one time (MCP server/utilities/caching).
        let cache = result.cache.filter(|_| !input_was_required);
        Ok(ResourceResult { cache, ..result })
    }
}

fn decode(message: &[u8]) -> serde_json::Result<JsonRpcMessage<Outcome<ResourceResult>>> {
    type Answer = OrInputRequired<ReadResourceResult, InputRequiredResult>;
    let message = JsonRpcMessage::<Answer>::from_slice(message)?;
    Ok(message.map(|result| Outcome::from(result).map(ResourceResult::from)))
}
