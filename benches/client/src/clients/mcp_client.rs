//! The typed client: `mcp_http::HttpTransport` and `::mcp_client::Client`.

use std::sync::Arc;

use ::mcp_client::{Negotiation, SharedToolLists, ToolList};
use anyhow::{Result, ensure};
use mcp_http::{AccessToken, HttpClient, HttpTransport};
use serde_json::Value;

use super::{Client, TOOL, User, arguments};

pub(crate) struct McpClient {
    transport: HttpTransport,
    negotiation: Negotiation,
    known: SharedToolLists,
    arguments: Arc<Value>,
}

pub(crate) struct Session {
    client: ::mcp_client::Client,
    arguments: Arc<Value>,
}

impl Client for McpClient {
    type User = Session;

    fn new(url: &str) -> Result<Self> {
        let client = HttpClient::new()?;
        let transport = HttpTransport::builder(url).http_client(client).build()?;
        let (negotiation, known) = (Negotiation::new(), SharedToolLists::new());
        Ok(Self { transport, negotiation, known, arguments: Arc::new(arguments()) })
    }

    fn forget(&mut self) {
        self.known = SharedToolLists::new();
    }

    async fn connect(&self, token: &str) -> Result<Session> {
        let token = AccessToken::new(token);
        let transport = self.transport.with_token_source(Some(Arc::new(token)));
        let client = ::mcp_client::Client::builder(transport)
            .negotiation(self.negotiation.clone())
            .shared_tool_lists(self.known.clone())
            .build();
        client.connect().await?;
        Ok(Session { client, arguments: Arc::clone(&self.arguments) })
    }
}

impl User for Session {
    type Tools = ToolList;

    async fn list(&self) -> Result<ToolList> {
        Ok(self.client.list_tools().await?)
    }

    async fn call(&self, _: &ToolList) -> Result<()> {
        let result = self.client.call_tool(TOOL, &*self.arguments).await?;
        ensure!(!result.content.is_empty(), "no content");
        Ok(())
    }

    fn count(tools: &ToolList) -> usize {
        tools.tools.len()
    }
}
