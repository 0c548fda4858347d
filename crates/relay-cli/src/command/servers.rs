//! `relay servers`: lists the servers of the configuration.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::{
    input::{DEFAULT_CONFIG, ServersArgs, read_config},
    output::{Exit, Printer, print_table},
    setup::build_relay,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerRow<'a> {
    name: &'a str,
    transport: &'static str,
    location: String,
    has_api_key: bool,
    /// The reason, if the server cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable: Option<String>,
}

/// Lists the servers of the configuration. Sends no request. Fails if a server cannot be used.
pub(crate) fn servers(args: &ServersArgs, printer: &Printer) -> Result<Exit> {
    let config = read_config(args.config.as_deref())?;
    let file = args.config.as_deref().unwrap_or(Path::new(DEFAULT_CONFIG)).display();
    config.warnings.iter().for_each(|warning| printer.warn(format_args!("{file}: {warning}")));
    // Reports the same configuration errors as the other commands.
    let relay = build_relay(config, printer)?;
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
    let is_unusable = |(_, server): &(_, relay::Server)| server.configuration_error().is_some();
    Ok(if servers.iter().any(is_unusable) { Exit::Usage } else { Exit::Success })
}

impl<'a> ServerRow<'a> {
    fn new(name: &'a str, server: &relay::Server) -> Self {
        let transport = server.transport();
        let has_api_key = server.has_api_key();
        let unusable = server.configuration_error().map(|reason| {
            match server.configuration_error_position() {
                Some((line, column)) => format!("line {line}, column {column}: {reason}"),
                None => reason.to_owned(),
            }
        });
        let location = transport.to_string();
        Self { name, transport: transport.name(), location, has_api_key, unusable }
    }

    fn table_row(&self) -> Vec<String> {
        let key = if self.has_api_key { "yes" } else { "no" };
        let location = match &self.unusable {
            Some(reason) => format!("unusable: {reason}"),
            None => self.location.clone(),
        };
        vec![self.name.to_owned(), self.transport.to_owned(), location, key.to_owned()]
    }
}
