//! Conversion of Relay's tools to rig's.

use relay::{Provider, Tool, ToolCall};
use rig_core::{message::ToolName, tool::DynamicTool};
use serde_json::json;

use crate::outcome::convert;

/// Converts Relay's tools to rig's. The names are those that models see.
///
/// `provider` selects the format of the schemas. rig adapts schemas too, but changes nothing in
/// these.
///
/// ```no_run
/// # async fn run(user: relay::User) -> Result<(), relay::Error> {
/// use relay::Provider;
///
/// let toolset = user.toolset().await?;
/// let tools = relay_rig::dynamic_tools(Provider::Anthropic, toolset.iter());
/// // For `AgentBuilder::dynamic_tools`, or for `DynamicTool::execute`.
/// # Ok(())
/// # }
/// ```
pub fn dynamic_tools(
    provider: Provider,
    tools: impl IntoIterator<Item = Tool>,
) -> Vec<DynamicTool> {
    tools.into_iter().map(|tool| dynamic_tool(provider, tool)).collect()
}

/// Converts a Relay tool to a rig tool. See [`dynamic_tools`].
///
/// Text, images and structured content become rig's types. rig has no other types, so audio and
/// documents become text that names them. If the tool reports an error, the call returns an error
/// with the output for the model. If the call fails, the [`Error`](relay::Error) is the source of
/// rig's error.
pub fn dynamic_tool(provider: Provider, tool: Tool) -> DynamicTool {
    let name = ToolName::new(tool.name()).expect("names of tools are not empty");
    let description = tool.description().to_owned();
    let schema = tool.schema_for(provider);
    let schema = schema.schema().parse().unwrap_or_else(|_| json!({ "type": "object" }));
    DynamicTool::new(name, description, schema, move |arguments| {
        let tool = tool.clone();
        Box::pin(async move {
            let call = ToolCall::new("", tool.name(), arguments);
            convert(tool.call_from_provider(provider, &call).await)
        })
    })
}
