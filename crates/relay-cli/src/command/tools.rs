//! `relay tools`: what the servers offer.

use anyhow::Result;
use relay::{Schema, Tool, Tools};
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    input::args,
    output::{Exit, Output, Report, table},
    setup::Setup,
};

/// A tool, as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    server: String,
    /// As the model sees it.
    name: String,
    /// The server's own name.
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

/// What the servers gave, and what went wrong.
pub(crate) struct Found {
    lists: Vec<Tools>,
    errors: Vec<Report>,
    /// Whether the user asked all servers.
    several: bool,
}

impl Found {
    /// Asks one server or all. One that fails does not spoil the others.
    pub(crate) async fn fetch(setup: &Setup, args: &args::Tools, output: &Output) -> Result<Self> {
        let servers = match (&args.server, Setup::single(&args.access)) {
            (Some(server), _) => vec![setup.server(server)?],
            (None, Some(server)) => vec![server],
            (None, None) => setup.servers(),
        };
        if servers.len() > 1 && args.access.token_env.is_some() {
            return Err(setup
                .which("the token would go to all servers: name the right one")
                .into());
        }
        if servers.is_empty() {
            output.warn("the configuration has no servers");
        }
        let (mut lists, mut errors) = (Vec::new(), Vec::new());
        for outcome in fetch(setup, &servers).await {
            match outcome {
                Ok(tools) => lists.push(tools),
                Err(error) => errors.push(Report::new(&error.into(), Some(&args.access))),
            }
        }
        let several = args.server.is_none() && !args.access.is_single();
        Ok(Self { lists, errors, several })
    }

    /// Lists the tools; the exit is that of the first server that failed.
    pub(crate) fn print(self, output: &Output) -> Result<Exit> {
        let Self { lists, errors, several } = self;
        // With a single server that failed there is nothing to list, not even nothing.
        if !lists.is_empty() || errors.is_empty() {
            print(&lists, several, output)?;
        }
        errors.iter().for_each(|report| report.print(output));
        Ok(errors.first().map_or(Exit::Done, |report| report.exit))
    }
}

/// Asks all servers at the same time; the outcomes are in the order of `servers`.
async fn fetch(setup: &Setup, servers: &[&str]) -> Vec<Result<Tools, relay::Error>> {
    let mut requests = JoinSet::new();
    for (index, server) in servers.iter().enumerate() {
        let (user, server) = (setup.user_at(server), (*server).to_owned());
        requests.spawn(async move { (index, user.tools(&server).await) });
    }
    let mut outcomes = requests.join_all().await;
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn print(lists: &[Tools], several: bool, output: &Output) -> Result<()> {
    let tools: Vec<_> = lists.iter().flat_map(Tools::iter).collect();
    if output.is_json() {
        let entries: Vec<_> = tools.iter().map(Entry::new).collect::<Result<_, _>>()?;
        output.json_result(&entries)?;
    } else if !tools.is_empty() {
        let rows: Vec<_> = tools.iter().map(|tool| cells(tool, several)).collect();
        let headers = ["SERVER", "NAME", "TOOL", "DESCRIPTION"];
        table::print(&headers[usize::from(!several)..], &rows, output)?;
    }
    lists.iter().for_each(|tools| warn(tools, output));
    Ok(())
}

/// Says what is not to be seen in the list.
fn warn(tools: &Tools, output: &Output) {
    let server = tools.server();
    for refused in tools.refused() {
        let name = refused.name.as_deref().unwrap_or("(without a name)");
        let reason = &refused.reason;
        output.warn(format_args!("tool `{name}` of server `{server}` is left out: {reason}"));
    }
    if tools.is_empty() {
        output.warn(format_args!("server `{server}` has no tools"));
    }
}

fn cells(tool: &Tool, several: bool) -> Vec<String> {
    let server = several.then_some(tool.server());
    let rest = [tool.name(), &tool.definition().name, tool.description()];
    server.into_iter().chain(rest).map(str::to_owned).collect()
}

impl Entry {
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
