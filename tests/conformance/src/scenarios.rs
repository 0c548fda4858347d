//! The actions of the client in each scenario.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use mcp_http::{Client, HttpTransport, mcp_client::ToolDefinition};
use serde_json::json;

use crate::{handler::AcceptForms, test_case::TestCase, token_source, tool_arguments};

/// Runs a scenario.
pub(crate) async fn run(case: &TestCase) -> Result<()> {
    let transport = HttpTransport::builder(&case.url).build()?;
    let transport = transport.with_token_source(token_source::source(case)?);
    let client =
        Client::builder(transport).protocol_version(case.revision).handler(AcceptForms).build();
    match case.scenario.as_str() {
        "initialize" | "request-metadata" | "json-schema-ref-no-deref" => {
            list_tools(&client).await?;
        }
        "http-standard-headers" => use_everything(&client).await?,
        "http-custom-headers" => make_calls(&client, case).await?,
        "json-schema-2020-12-preservation" => echo_schema(&client).await?,
        _ => call_every_tool(&client).await?,
    }
    client.close().await?;
    Ok(())
}

/// Returns the tools of the server, if it has any.
async fn list_tools(client: &Client) -> Result<Vec<Arc<ToolDefinition>>> {
    let profile = client.connect().await?;
    if !profile.capabilities.has("tools") {
        return Ok(Vec::new());
    }
    Ok(client.list_tools().await?.tools)
}

async fn call_every_tool(client: &Client) -> Result<()> {
    for tool in list_tools(client).await? {
        client.call_tool(&tool.name, tool_arguments::of(&tool)?).await?;
    }
    Ok(())
}

/// Calls every tool, reads every resource, and gets every prompt.
async fn use_everything(client: &Client) -> Result<()> {
    call_every_tool(client).await?;
    for resource in client.list_resources().await?.items {
        client.read_resource(&resource.uri).await?;
    }
    for prompt in client.list_prompts().await?.items {
        client.get_prompt(&prompt.name, ()).await?;
    }
    Ok(())
}

/// Lists the tools, and makes the calls in the context of the scenario.
async fn make_calls(client: &Client, case: &TestCase) -> Result<()> {
    list_tools(client).await?;
    for call in &case.context.tool_calls {
        client.call_tool(&call.name, &call.arguments).await?;
    }
    Ok(())
}

/// Sends a schema of the server back to it.
async fn echo_schema(client: &Client) -> Result<()> {
    let tools = list_tools(client).await?;
    let tool = tools.iter().find(|tool| tool.name == "json_schema_2020_12_tool");
    let schema = &tool.context("the server does not list json_schema_2020_12_tool")?.input_schema;
    client.call_tool("json_schema_echo", json!({ "schema": schema })).await?;
    Ok(())
}
