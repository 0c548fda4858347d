//! Tools of Relay as tools of rig.

use relay::{ModelCall, Provider, Tool};
use rig_core::{message::ToolName, tool::DynamicTool};
use serde_json::json;

use crate::outcome::given;

/// Tools of Relay as tools of rig, under the names that models see.
///
/// `provider` tells which schemas the model takes; rig adapts them again, and finds nothing to do.
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

/// A tool of Relay as a tool of rig; see [`dynamic_tools`].
///
/// Its text, images and structured content are rig's; rig has no other kinds, so that audio and
/// documents are texts that name them. A failure of the tool's own is an error with what the model is to
/// see. So is an [`Error`](relay::Error), which is the source of rig's.
pub fn dynamic_tool(provider: Provider, tool: Tool) -> DynamicTool {
    let name = ToolName::new(tool.name()).expect("no name that models see is empty");
    let description = tool.description().to_owned();
    let schema = tool.schema_for(provider);
    let schema = schema.schema().parse().unwrap_or_else(|_| json!({ "type": "object" }));
    DynamicTool::new(name, description, schema, move |arguments| {
        let tool = tool.clone();
        Box::pin(async move {
            let call = ModelCall::new("", tool.name(), arguments);
            given(tool.call_from(provider, &call).await)
        })
    })
}
