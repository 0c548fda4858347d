//! `relay call`: calls one tool.

use anyhow::Result;
use relay::ToolOutput;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    input::{CallArgs, UsageError, read_tool_arguments},
    output::{ErrorReport, Exit, Printer},
    setup::Setup,
};

/// A call that is ready to send.
pub(crate) struct PreparedCall<'a> {
    server: &'a str,
    tool: &'a str,
    arguments: Box<RawValue>,
}

/// A call that has returned.
pub(crate) struct CompletedCall {
    output: ToolOutput,
    error: Option<ErrorReport>,
}

/// The complete output of a tool, as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonOutput {
    content: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Value>,
    is_error: bool,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Value>,
}

impl<'a> PreparedCall<'a> {
    /// Prepares a call from the command line. Reads the arguments from there, a file or stdin.
    pub(crate) fn new(args: &'a CallArgs) -> Result<Self> {
        let CallArgs { server_or_tool, tool_or_arguments, arguments, .. } = args;
        let (server, tool, text) =
            match (Setup::only_server(&args.connection), tool_or_arguments, arguments) {
                (Some(server), text, None) => (server, server_or_tool, text),
                (None, Some(tool), text) => (server_or_tool.as_str(), tool, text),
                (Some(_), _, Some(_)) => {
                    let option = if args.connection.stdio { "--stdio" } else { "--url" };
                    let message =
                        format!("too many arguments: with {option}, leave out the server");
                    let suggestion = match args.connection.stdio {
                        true => "run \"relay call --stdio TOOL [ARGUMENTS] -- PROGRAM…\"",
                        false => "run \"relay call --url URL TOOL [ARGUMENTS]\"",
                    };
                    return Err(UsageError::new(message).with_suggestion(suggestion).into());
                }
                (None, None, _) => {
                    let message = format!("server \"{server_or_tool}\": missing tool name");
                    let suggestion = "run \"relay call SERVER TOOL [ARGUMENTS]\"";
                    return Err(UsageError::new(message).with_suggestion(suggestion).into());
                }
            };
        Ok(Self { server, tool, arguments: read_tool_arguments(text.as_deref(), &args.pairs)? })
    }

    /// Calls the tool.
    pub(crate) async fn call(self, setup: &Setup) -> Result<CompletedCall> {
        let Self { server, tool, arguments } = self;
        let server = setup.known_server(server)?;
        let tools = setup.user.tools(server).await?;
        let output = tools.call(tool, arguments).await?;
        let error = output.is_error.then(|| ErrorReport::tool_error(server, tool));
        Ok(CompletedCall { output, error })
    }
}

impl CompletedCall {
    /// Prints the output of the tool. Returns the exit code.
    pub(crate) fn print(self, printer: &Printer) -> Result<Exit> {
        let Self { output, error } = self;
        match printer.is_json() {
            true => printer.print_json(&JsonOutput::new(&output)?)?,
            false => printer.print_result(&output.text())?,
        }
        error.iter().for_each(|report| report.print(printer));
        Ok(error.map_or(Exit::Success, |report| report.exit))
    }
}

impl JsonOutput {
    fn new(output: &ToolOutput) -> serde_json::Result<Self> {
        Ok(Self {
            content: serde_json::to_value(&output.content)?,
            structured_content: output.structured_content.clone(),
            is_error: output.is_error,
            meta: output.meta.clone().map(Value::Object),
        })
    }
}
