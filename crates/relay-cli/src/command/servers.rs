//! `relay servers`: lists the servers of the configuration.

use anyhow::Result;
use relay::Relay;
use serde::Serialize;

use crate::{
    input::{ServersArgs, read_config},
    output::{Exit, Printer, print_table},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerRow<'a> {
    name: &'a str,
    transport: &'static str,
    location: String,
    has_api_key: bool,
}

/// Lists the servers of the configuration. Sends no request.
pub(crate) fn servers(args: &ServersArgs, printer: &Printer) -> Result<Exit> {
    // Reports the same configuration errors as the other commands.
    let relay = Relay::new(read_config(args.config.as_deref())?)?;
    let servers = relay.servers();
    let rows: Vec<_> = servers.iter().map(|(name, server)| ServerRow::new(name, server)).collect();
    if printer.is_json() {
        printer.print_json(&rows)?;
    } else if rows.is_empty() {
        printer.warn("the configuration has no servers");
    } else {
        let rows: Vec<_> = rows.iter().map(ServerRow::table_row).collect();
        print_table(&["NAME", "TRANSPORT", "LOCATION", "API KEY"], &rows, printer)?;
    }
    Ok(Exit::Success)
}

impl<'a> ServerRow<'a> {
    fn new(name: &'a str, server: &relay::Server) -> Self {
        let transport = server.transport();
        let has_api_key = server.has_api_key();
        let location =
            server.configuration_error().map_or_else(|| transport.to_string(), str::to_owned);
        Self { name, transport: transport.name(), location, has_api_key }
    }

    fn table_row(&self) -> Vec<String> {
        let key = if self.has_api_key { "yes" } else { "no" };
        [self.name, self.transport, &self.location, key].map(str::to_owned).to_vec()
    }
}
