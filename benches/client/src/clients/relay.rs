//! The crate `relay`, with its list cache, session pool and tool names for models.

use std::sync::Arc;

use ::relay::{HttpClient, Relay, Server, ServerTools};
use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Client, TOOL, User, arguments};

const SERVER: &str = "main";

pub(crate) struct RelayClient {
    relay: Relay,
    arguments: Arc<Value>,
}

pub(crate) struct Session {
    user: ::relay::User,
    arguments: Arc<Value>,
}

impl Client for RelayClient {
    type User = Session;

    fn new(url: &str) -> Result<Self> {
        let client = HttpClient::new()?;
        let relay =
            Relay::builder().server(SERVER, Server::http(url)).http_client(client).build()?;
        Ok(Self { relay, arguments: Arc::new(arguments()) })
    }

    async fn connect(&self, token: &str) -> Result<Session> {
        let user = self.relay.with_token(token);
        user.connection(SERVER)?.connect().await?;
        Ok(Session { user, arguments: Arc::clone(&self.arguments) })
    }
}

impl User for Session {
    type Tools = ServerTools;

    async fn list(&self) -> Result<ServerTools> {
        Ok(self.user.tools(SERVER).await?)
    }

    async fn call(&self, tools: &ServerTools) -> Result<()> {
        let output = tools.call(TOOL, &*self.arguments).await?;
        ensure!(!output.content.is_empty(), "no content");
        Ok(())
    }

    fn count(tools: &ServerTools) -> usize {
        tools.len()
    }
}
