//! rmcp's client over its streamable HTTP transport.

use ::rmcp::{
    RoleClient, ServiceExt as _,
    model::{CallToolRequestParams, JsonObject, Tool},
    service::RunningService,
    transport::{
        StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Client, TOOL, User, arguments, http};

pub(crate) struct Rmcp {
    http: reqwest::Client,
    url: String,
}

pub(crate) struct Session {
    client: RunningService<RoleClient, ()>,
    arguments: JsonObject,
}

impl Client for Rmcp {
    type User = Session;

    fn new(url: &str) -> Result<Self> {
        Ok(Self { http: http()?, url: url.to_owned() })
    }

    async fn connect(&self, token: &str) -> Result<Session> {
        let config = StreamableHttpClientTransportConfig::with_uri(&*self.url).auth_header(token);
        let transport = StreamableHttpClientTransport::with_client(self.http.clone(), config);
        let Value::Object(arguments) = arguments() else { unreachable!("they are an object") };
        Ok(Session { client: ().serve(transport).await?, arguments })
    }
}

impl User for Session {
    type Tools = Vec<Tool>;

    async fn list(&self) -> Result<Vec<Tool>> {
        Ok(self.client.list_all_tools().await?)
    }

    async fn call(&self, _: &Vec<Tool>) -> Result<()> {
        let call = CallToolRequestParams::new(TOOL).with_arguments(self.arguments.clone());
        let result = self.client.call_tool(call).await?;
        ensure!(!result.content.is_empty(), "no content");
        Ok(())
    }

    fn count(tools: &Vec<Tool>) -> usize {
        tools.len()
    }
}
