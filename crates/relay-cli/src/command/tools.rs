//! `relay tools`: lists the tools of the servers.

use anyhow::Result;
use relay::{Schema, ServerTools, Tool, mcp_client::Truncated};
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    input::ToolsArgs,
    output::{ErrorReport, Exit, Printer, print_table},
    setup::Setup,
};

/// A tool, as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonTool {
    server: String,
    /// The name that the model sees.
    name: String,
    /// The name that the server uses.
    tool: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    description: String,
    input_schema: Schema,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_schema: Option<Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Value>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Value>,
}

/// The tools of the servers, and the errors of the servers that failed.
pub(crate) struct ToolLists {
    lists: Vec<ServerTools>,
    errors: Vec<ErrorReport>,
    /// True if the command line selects no single server.
    all_servers: bool,
}

impl ToolLists {
    /// Lists the tools of one server or all. A server that fails does not affect the others.
    pub(crate) async fn fetch(setup: &Setup, args: &ToolsArgs, printer: &Printer) -> Result<Self> {
        let servers = match (&args.server, Setup::only_server(&args.connection)) {
            (Some(server), _) => vec![setup.known_server(server)?],
            (None, Some(server)) => vec![server],
            (None, None) => setup.server_names(),
        };
        let may_get_token = servers.iter().filter(|server| !setup.is_shared(server));
        if may_get_token.count() > 1 && args.connection.token_env.is_some() {
            return Err(setup.server_error("--token-env requires the name of one server").into());
        }
        if servers.is_empty() {
            printer.warn("the configuration has no servers");
        }
        let (mut lists, mut errors) = (Vec::new(), Vec::new());
        for outcome in fetch_lists(setup, &servers).await {
            match outcome {
                Ok(tools) => lists.push(tools),
                Err(error) => errors.push(ErrorReport::new(&error.into(), Some(&args.connection))),
            }
        }
        let all_servers = args.server.is_none() && !args.connection.is_single();
        Ok(Self { lists, errors, all_servers })
    }

    /// Prints the tools. Returns the exit code of the first server that failed.
    pub(crate) fn print(self, printer: &Printer) -> Result<Exit> {
        let Self { lists, errors, all_servers } = self;
        // If the only server failed, there is no list, not even an empty one.
        if !lists.is_empty() || errors.is_empty() {
            print_tools(&lists, all_servers, printer)?;
        }
        errors.iter().for_each(|report| report.print(printer));
        Ok(errors.first().map_or(Exit::Success, |report| report.exit))
    }
}

/// Lists the tools of all servers concurrently. Returns the outcomes in the order of `servers`.
async fn fetch_lists(setup: &Setup, servers: &[&str]) -> Vec<Result<ServerTools, relay::Error>> {
    let mut requests = JoinSet::new();
    for (index, server) in servers.iter().enumerate() {
        let (user, server) = (setup.user.clone(), (*server).to_owned());
        requests.spawn(async move { (index, user.tools(&server).await) });
    }
    let mut outcomes = requests.join_all().await;
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn print_tools(lists: &[ServerTools], all_servers: bool, printer: &Printer) -> Result<()> {
    let tools: Vec<_> = lists.iter().flat_map(ServerTools::iter).collect();
    if printer.is_json() {
        let entries: Vec<_> = tools.iter().map(JsonTool::new).collect::<Result<_, _>>()?;
        printer.print_json(&entries)?;
    } else if !tools.is_empty() {
        let rows: Vec<_> = tools.iter().map(|tool| table_row(tool, all_servers)).collect();
        let headers = ["SERVER", "NAME", "TOOL", "DESCRIPTION"];
        print_table(&headers[usize::from(!all_servers)..], &rows, printer)?;
    }
    lists.iter().for_each(|tools| warn_about_missing_tools(tools, printer));
    Ok(())
}

/// Warns about invalid tools, and about a server without tools.
fn warn_about_missing_tools(tools: &ServerTools, printer: &Printer) {
    let server = tools.server();
    const MAX_WARNINGS: usize = 10;
    for invalid in tools.invalid().iter().take(MAX_WARNINGS) {
        let name = invalid.name.as_deref().map(Truncated);
        let tool = name.map_or("unnamed tool".to_owned(), |name| format!("tool {name:?}"));
        let reason = Truncated(&invalid.reason);
        printer.warn(format_args!("server \"{server}\": {tool} skipped: {reason}"));
    }
    let more = tools.invalid().len().saturating_sub(MAX_WARNINGS);
    if more > 0 {
        printer.warn(format_args!("server \"{server}\": {more} more tools skipped"));
    }
    if tools.is_empty() {
        printer.warn(format_args!("server \"{server}\" has no tools"));
    }
}

fn table_row(tool: &Tool, all_servers: bool) -> Vec<String> {
    let server = all_servers.then_some(tool.server());
    let rest = [tool.name(), &tool.definition().name, tool.description()];
    server.into_iter().chain(rest).map(str::to_owned).collect()
}

impl JsonTool {
    fn new(tool: &Tool) -> serde_json::Result<Self> {
        let definition = tool.definition();
        Ok(Self {
            server: tool.server().to_owned(),
            name: tool.name().to_owned(),
            tool: definition.name.clone(),
            title: definition.title.clone(),
            description: tool.description().to_owned(),
            input_schema: definition.input_schema.clone(),
            output_schema: definition.output_schema.clone(),
            annotations: definition.annotations.as_ref().map(serde_json::to_value).transpose()?,
            meta: definition.meta.clone().map(Value::Object),
        })
    }
}
