//! `relay status`: lists the servers that the user is signed in to.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use mcp_oauth::UserConnection;
use serde::Serialize;

use crate::{
    output::{Exit, Printer, print_table},
    sign_in::{PRINCIPAL, existing_store, oauth_client},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialsRow {
    server: String,
    issuer: String,
    /// True if an access token is available without a new sign-in.
    signed_in: bool,
    /// The scopes of the access token, if they are known.
    scopes: BTreeSet<String>,
    expires_at: Option<u64>,
    can_refresh: bool,
    /// The last failure since the last sign-in or refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(skip)]
    state: String,
}

/// Lists the stored credentials. Sends no request, so it does not detect revoked credentials.
pub(crate) async fn status(printer: &Printer) -> Result<Exit> {
    let mut rows = Vec::new();
    if let Some(store) = existing_store()? {
        let client = oauth_client(store, "http://127.0.0.1/callback").build()?;
        let connections = client.user(PRINCIPAL).connections().await?;
        rows.extend(connections.into_iter().map(CredentialsRow::new));
    }
    if printer.is_json() {
        printer.print_json(&rows)?;
    } else if rows.is_empty() {
        printer.warn("not signed in to any server");
    } else {
        let rows: Vec<_> = rows.into_iter().map(CredentialsRow::into_cells).collect();
        print_table(&["SERVER", "AUTHORIZATION SERVER", "STATE", "SCOPES"], &rows, printer)?;
    }
    Ok(Exit::Success)
}

impl CredentialsRow {
    fn new(connection: UserConnection) -> Self {
        let can_refresh = connection.can_refresh;
        let is_expired = connection.expires_at.is_some_and(|at| at <= now());
        let failure = connection.last_error.as_ref().filter(|error| error.needs_sign_in);
        let state = match (failure, is_expired, connection.expires_at) {
            (Some(error), ..) => format!("sign in again: {}", error.message),
            _ if can_refresh => "signed in (refreshes automatically)".to_owned(),
            (_, true, _) => "expired; sign in again".to_owned(),
            (_, false, Some(at)) => format!("signed in (expires in {})", time_left(at)),
            (_, false, None) => "signed in".to_owned(),
        };
        Self {
            server: connection.server().to_owned(),
            issuer: connection.issuer().to_owned(),
            signed_in: failure.is_none() && (can_refresh || !is_expired),
            scopes: connection.granted_scopes,
            expires_at: connection.expires_at,
            can_refresh,
            last_error: connection.last_error.map(|error| error.message),
            state,
        }
    }
}

impl CredentialsRow {
    fn into_cells(self) -> Vec<String> {
        let scopes: Vec<_> = self.scopes.into_iter().collect();
        vec![self.server, self.issuer, self.state, scopes.join(" ")]
    }
}

/// Formats the time until `at`, which is in seconds since 1970. Uses the largest unit in which the
/// time is at least 2.
fn time_left(at: u64) -> String {
    match at.saturating_sub(now()) {
        seconds @ ..=119 => format!("{seconds} seconds"),
        seconds @ 120..=7199 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}

/// Returns the time in seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}
