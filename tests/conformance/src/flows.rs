//! What the client does in a scenario: a few flows, each for several.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use mcp_http::{Client, HttpTransport, mcp_client::Tool};
use serde_json::json;

use crate::{arguments, task::Task, tokens, user::Agreeable};

/// Goes through a scenario.
pub(crate) async fn run(task: &Task) -> Result<()> {
    let transport = HttpTransport::builder(&task.url).build()?;
    let transport = transport.with_token_source(tokens::source(task)?);
    let client = Client::builder(transport).protocol(task.revision).handler(Agreeable).build();
    match task.scenario.as_str() {
        "initialize" | "request-metadata" | "json-schema-ref-no-deref" => {
            tools(&client).await?;
        }
        "http-standard-headers" => use_everything(&client).await?,
        "http-custom-headers" => make_calls(&client, task).await?,
        "json-schema-2020-12-preservation" => echo_schema(&client).await?,
        _ => call_every_tool(&client).await?,
    }
    client.close().await?;
    Ok(())
}

/// The tools of the server; it need not have any.
async fn tools(client: &Client) -> Result<Vec<Arc<Tool>>> {
    let profile = client.connect().await?;
    if !profile.capabilities.has("tools") {
        return Ok(Vec::new());
    }
    Ok(client.list_tools().await?.tools)
}

async fn call_every_tool(client: &Client) -> Result<()> {
    for tool in tools(client).await? {
        client.call_tool(&tool.name, arguments::of(&tool)?).await?;
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

/// Lists the tools, and makes the calls that the task names.
async fn make_calls(client: &Client, task: &Task) -> Result<()> {
    tools(client).await?;
    for call in &task.context.tool_calls {
        client.call_tool(&call.name, &call.arguments).await?;
    }
    Ok(())
}

/// Gives a schema of the server's back to it.
async fn echo_schema(client: &Client) -> Result<()> {
    let tools = tools(client).await?;
    let tool = tools.iter().find(|tool| tool.name == "json_schema_2020_12_tool");
    let schema = &tool.context("there is no schema to give back")?.input_schema;
    client.call_tool("json_schema_echo", json!({ "schema": schema })).await?;
    Ok(())
}
