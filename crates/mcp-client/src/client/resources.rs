//! Resources: data that a server lets clients read.

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
    request::ResourceParams,
    result::{CacheHint, ListResult, Outcome, meta_to_object},
};

/// The contents of a resource.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ResourceResult {
    /// The parts of the resource, each with its own URI and its text or bytes. A directory, for
    /// example, may have many parts.
    pub contents: Vec<ResourceContents>,
    /// The server's cache hint, if it sent one.
    pub cache: Option<CacheHint>,
    /// The `_meta` object, as the server sent it.
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
    /// Returns the server's resources, from all pages of the list.
    ///
    /// There may be more resources: tools may link to unlisted ones, and each of the
    /// [templates](Self::list_resource_templates) stands for many.
    ///
    /// # Errors
    /// Returns [`Error::MissingCapability`] if the server has no resources, and
    /// [`Error::ListLimitExceeded`] if the list exceeds a limit. Returns any other [`Error`] if a
    /// request fails.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), mcp_client::Error> {
    /// for resource in client.list_resources().await?.items {
    ///     let result = client.read_resource(&resource.uri).await?;
    ///     println!("{}: {} parts", resource.name, result.contents.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list_resources(&self) -> Result<ListResult<Resource>, Error> {
        self.list_all().await
    }

    /// Returns the server's resource templates, from all pages of the list.
    ///
    /// # Errors
    /// Returns the same errors as [`list_resources`](Self::list_resources).
    pub async fn list_resource_templates(&self) -> Result<ListResult<ResourceTemplate>, Error> {
        self.list_all().await
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// Returns any [`Error`] if the request fails. [`Error::is_not_found`] is true if the resource
    /// does not exist.
    pub async fn read_resource(&self, uri: &str) -> Result<ResourceResult, Error> {
        let method = ReadResourceRequest::NAME;
        let (result, input_was_required) =
            self.call_method(method, Some(uri), &ResourceParams { uri }, &decode).await?;
        // A result that depends on user input must not be cached (MCP server/utilities/caching).
        let cache = result.cache.filter(|_| !input_was_required);
        Ok(ResourceResult { cache, ..result })
    }
}

fn decode(message: &[u8]) -> serde_json::Result<JsonRpcMessage<Outcome<ResourceResult>>> {
    type WireResult = OrInputRequired<ReadResourceResult, InputRequiredResult>;
    let message = JsonRpcMessage::<WireResult>::from_slice(message)?;
    Ok(message.map(|result| Outcome::from(result).map(ResourceResult::from)))
}
