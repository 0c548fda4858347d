//! What servers have beyond tools, with the errors of the registry.

use mcp_client::{
    Listed, PromptResult, ResourceResult,
    mcp_types::v2026_07_28::{Prompt, Resource, ResourceTemplate},
};
use serde::Serialize;

use crate::{error::Error, sessions::Connection, user::User};

/// # Resources and prompts
///
/// They come through the same session as the user's calls; what else a server has is in the typed
/// client of a [connection](User::connection).
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
/// [`Error::Configuration`] and [`Error::Authorization`] as [`User::tools`], else
/// [`Error::Transport`].
impl User {
    /// The resources of a server.
    pub async fn resources(&self, server: &str) -> Result<Listed<Resource>, Error> {
        self.ask(server, async |connection| connection.list_resources().await).await
    }

    /// The templates of resources of a server.
    pub async fn resource_templates(
        &self,
        server: &str,
    ) -> Result<Listed<ResourceTemplate>, Error> {
        self.ask(server, async |connection| connection.list_resource_templates().await).await
    }

    /// What is in a resource of a server.
    pub async fn read_resource(&self, server: &str, uri: &str) -> Result<ResourceResult, Error> {
        self.ask(server, async |connection| connection.read_resource(uri).await).await
    }

    /// The prompts of a server.
    pub async fn prompts(&self, server: &str) -> Result<Listed<Prompt>, Error> {
        self.ask(server, async |connection| connection.list_prompts().await).await
    }

    /// The messages of a prompt; `arguments` is whatever serializes as a JSON object of texts.
    pub async fn prompt(
        &self,
        server: &str,
        name: &str,
        arguments: impl Serialize,
    ) -> Result<PromptResult, Error> {
        self.ask(server, async |connection| connection.get_prompt(name, arguments).await).await
    }

    async fn ask<T>(
        &self,
        server: &str,
        asked: impl AsyncFnOnce(&Connection) -> Result<T, mcp_client::Error>,
    ) -> Result<T, Error> {
        let place = self.at(server)?;
        let connection = place.connection()?;
        let answer = asked(&connection).await;
        connection.touch();
        answer.map_err(|error| place.attempt(None).failed_beyond_tools(error))
    }
}
