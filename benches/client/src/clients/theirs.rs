//! rmcp's client over its streamable HTTP transport.

use anyhow::{Result, ensure};
use rmcp::{
    RoleClient, ServiceExt as _,
    model::{CallToolRequestParams, JsonObject, Tool},
    service::RunningService,
    transport::{
        StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::Value;

use super::{Client, TOOL, User, arguments, http};

pub(crate) struct Theirs {
    http: reqwest::Client,
    url: String,
}

pub(crate) struct Known {
    client: RunningService<RoleClient, ()>,
    arguments: JsonObject,
}

impl Client for Theirs {
    type User = Known;

    fn new(url: &str) -> Result<Self> {
        Ok(Self { http: http()?, url: url.to_owned() })
    }

    async fn connect(&self, token: &str) -> Result<Known> {
        let config = StreamableHttpClientTransportConfig::with_uri(&*self.url).auth_header(token);
        let transport = StreamableHttpClientTransport::with_client(self.http.clone(), config);
        let Value::Object(arguments) = arguments() else { unreachable!("they are an object") };
        Ok(Known { client: ().serve(transport).await?, arguments })
    }
}

impl User for Known {
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
