//! `relay call`: one call of one tool.

use anyhow::Result;
use relay::ToolOutput;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    input::{Usage, args, tool_arguments},
    output::{Exit, Output, Report},
    setup::Setup,
};

/// A call that is ready to be made.
pub(crate) struct Prepared<'a> {
    server: &'a str,
    tool: &'a str,
    arguments: Box<RawValue>,
}

/// A call that was made.
pub(crate) struct Called {
    given: ToolOutput,
    failure: Option<Report>,
}

/// All that a tool gave back, as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    content: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Value>,
    is_error: bool,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Value>,
}

impl<'a> Prepared<'a> {
    /// Reads the command line, and the arguments from wherever they are.
    pub(crate) fn new(args: &'a args::Call) -> Result<Self> {
        let args::Call { first, second, third, .. } = args;
        let (server, tool, text) = match (Setup::single(&args.access), second, third) {
            (Some(server), text, None) => (server, first, text),
            (None, Some(tool), text) => (first.as_str(), tool, text),
            (Some(_), _, Some(_)) => {
                let way = if args.access.stdio { "--stdio" } else { "--url" };
                let message = format!("with {way} there is only one server, which is not named");
                let hint = match args.access.stdio {
                    true => "relay call --stdio TOOL [ARGUMENTS] -- PROGRAM…",
                    false => "relay call --url URL TOOL [ARGUMENTS]",
                };
                return Err(Usage::new(message).hint(hint).into());
            }
            (None, None, _) => {
                let usage = Usage::new(format!("which tool of the server `{first}`?"));
                return Err(usage.hint("relay call SERVER TOOL [ARGUMENTS]").into());
            }
        };
        Ok(Self { server, tool, arguments: tool_arguments::read(text.as_deref(), &args.pairs)? })
    }

    /// Makes the call.
    pub(crate) async fn call(self, setup: &Setup) -> Result<Called> {
        let Self { server, tool, arguments } = self;
        let server = setup.server(server)?;
        let tools = setup.user_at(server).tools(server).await?;
        let given = tools.call(tool, arguments).await?;
        let failure = given.is_error.then(|| Report::of_tool(server, tool));
        Ok(Called { given, failure })
    }
}

impl Called {
    /// Prints what the tool gave back.
    pub(crate) fn print(self, output: &Output) -> Result<Exit> {
        let Self { given, failure } = self;
        match output.is_json() {
            true => output.json_result(&Whole::new(&given)?)?,
            false => output.result(&given.text())?,
        }
        failure.iter().for_each(|report| report.print(output));
        Ok(failure.map_or(Exit::Done, |report| report.exit))
    }
}

impl Whole {
    fn new(output: &ToolOutput) -> serde_json::Result<Self> {
        Ok(Self {
            content: serde_json::to_value(&output.content)?,
            structured_content: output.structured_content.clone(),
            is_error: output.is_error,
            meta: output.meta.clone().map(Value::Object),
        })
    }
}
