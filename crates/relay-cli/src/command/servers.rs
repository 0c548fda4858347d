//! `relay servers`: what the configuration has.

use anyhow::Result;
use relay::Relay;
use serde::Serialize;

use crate::{
    input::{args, config},
    output::{Exit, Output, table},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    name: &'a str,
    transport: &'static str,
    location: String,
    has_api_key: bool,
}

/// Lists the servers of the configuration. Nothing is sent.
pub(crate) fn servers(args: &args::Servers, output: &Output) -> Result<Exit> {
    // What no other command can use is not listed as if it were in order.
    let relay = Relay::new(config(args.config.as_deref())?)?;
    let servers = relay.servers();
    let rows: Vec<_> = servers.iter().map(|(name, server)| Row::new(name, server)).collect();
    if output.is_json() {
        output.json_result(&rows)?;
    } else if rows.is_empty() {
        output.warn("the configuration has no servers");
    } else {
        let rows: Vec<_> = rows.iter().map(Row::cells).collect();
        table::print(&["NAME", "TRANSPORT", "WHERE", "API KEY"], &rows, output)?;
    }
    Ok(Exit::Done)
}

impl<'a> Row<'a> {
    fn new(name: &'a str, server: &relay::Server) -> Self {
        let transport = server.transport();
        let has_api_key = server.has_api_key();
        let location = server.fault().map_or_else(|| transport.to_string(), str::to_owned);
        Self { name, transport: transport.name(), location, has_api_key }
    }

    fn cells(&self) -> Vec<String> {
        let key = if self.has_api_key { "yes" } else { "no" };
        [self.name, self.transport, &self.location, key].map(str::to_owned).to_vec()
    }
}
