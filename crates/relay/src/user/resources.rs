//! The resources and prompts of a user's servers.

use std::{pin::pin, sync::Arc};

use mcp_client::{
    Client, ListResult, PromptResult, ResourceResult,
    mcp_types::{
        Method,
        v2026_07_28::{
            GetPromptRequest, ListPromptsRequest, ListResourceTemplatesRequest,
            ListResourcesRequest, Prompt, ReadResourceRequest, Resource, ResourceTemplate,
        },
    },
};
use serde::Serialize;

use super::user::User;
use crate::{
    call::{OperationInfo, in_span},
    error::Error,
};

/// # Resources and prompts
///
/// These requests use the same session as the user's tool calls. For other requests, use the typed
/// client of a [connection](User::connection).
///
/// # Examples
///
/// ```no_run
/// # async fn run(user: relay::User) -> Result<(), relay::Error> {
/// for resource in user.resources("files").await?.items {
///     let read = user.read_resource("files", &resource.uri).await?;
///     println!("{}: {} parts", resource.name, read.contents.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Returns [`Error::Configuration`] and [`Error::Authorization`] like [`User::tools`]. Otherwise,
/// returns [`Error::Transport`].
impl User {
    /// Returns the resources of a server.
    pub async fn resources(&self, server: &str) -> Result<ListResult<Resource>, Error> {
        let operation = method::<ListResourcesRequest>();
        self.request(server, operation, |client| async move { client.list_resources().await }).await
    }

    /// Returns the resource templates of a server.
    pub async fn resource_templates(
        &self,
        server: &str,
    ) -> Result<ListResult<ResourceTemplate>, Error> {
        let operation = method::<ListResourceTemplatesRequest>();
        self.request(
            server,
            operation,
            |client| async move { client.list_resource_templates().await },
        )
        .await
    }

    /// Returns the contents of a resource.
    pub async fn read_resource(&self, server: &str, uri: &str) -> Result<ResourceResult, Error> {
        let operation = method::<ReadResourceRequest>();
        self.request(server, operation, |client| async move { client.read_resource(uri).await })
            .await
    }

    /// Returns the prompts of a server.
    pub async fn prompts(&self, server: &str) -> Result<ListResult<Prompt>, Error> {
        let operation = method::<ListPromptsRequest>();
        self.request(server, operation, |client| async move { client.list_prompts().await }).await
    }

    /// Returns the messages of a prompt.
    ///
    /// `arguments` is any value that serializes as a JSON object whose members are strings.
    pub async fn prompt(
        &self,
        server: &str,
        name: &str,
        arguments: impl Serialize,
    ) -> Result<PromptResult, Error> {
        let operation = OperationInfo { prompt: Some(name), ..method::<GetPromptRequest>() };
        // Serialized once, because the request may be sent several times.
        let arguments = &match serde_json::to_value(arguments) {
            Ok(arguments) => arguments,
            Err(error) => {
                let (method, source) = (GetPromptRequest::NAME.into(), Arc::new(error));
                let error = mcp_client::Error::InvalidParams { method, source };
                let user_server = self.user_server(server)?;
                return Err(user_server.error_context(None).convert_without_tool(error));
            }
        };
        let send = |client: Client| async move { client.get_prompt(name, arguments).await };
        self.request(server, operation, send).await
    }

    async fn request<T, F: Future<Output = Result<T, mcp_client::Error>>>(
        &self,
        server: &str,
        operation: OperationInfo<'_>,
        send: impl Fn(Client) -> F,
    ) -> Result<T, Error> {
        let user_server = self.user_server(server)?;
        let request = pin!(async {
            let mut retries = user_server.read_retries()?;
            loop {
                let connection = user_server.connection()?;
                let client = user_server.traced_client(&connection, None);
                let result = send(client.unwrap_or_else(|| (*connection).clone())).await;
                connection.touch();
                let context = user_server.error_context(None);
                match result.map_err(|error| context.convert_without_tool(error)) {
                    Err(error) if retries.wait(&error).await => {}
                    outcome => return outcome,
                }
            }
        });
        in_span(&user_server, operation, |_| false, request).await
    }
}

fn method<M: Method>() -> OperationInfo<'static> {
    OperationInfo { method: M::NAME, ..OperationInfo::default() }
}
