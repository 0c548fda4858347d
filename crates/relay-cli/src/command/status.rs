//! `relay status`: lists the servers that the user is signed in to.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use mcp_oauth::{Credentials, Error, Record, Store, StoreKey};
use serde::Serialize;

use crate::{
    output::{Exit, Printer, print_table},
    sign_in::{PRINCIPAL, existing_store},
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
    #[serde(skip)]
    state: String,
}

/// Lists the stored credentials. Sends no request, so it does not detect revoked credentials.
pub(crate) async fn status(printer: &Printer) -> Result<Exit> {
    let mut rows = Vec::new();
    if let Some(store) = existing_store()? {
        let failed = |source| Error::Store { source };
        for key in store.all_keys().await.map_err(failed)? {
            if key.principal.as_deref() == Some(PRINCIPAL)
                && let Some(Record::Credentials(credentials)) =
                    store.load(&key).await.map_err(failed)?
            {
                rows.push(CredentialsRow::new(key, &credentials));
            }
        }
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
    fn new(key: StoreKey, credentials: &Credentials) -> Self {
        let can_refresh = credentials.refresh_token.is_some();
        let state = match (credentials.is_expired(), can_refresh, credentials.expires_at) {
            (_, true, _) => "signed in (refreshes automatically)".to_owned(),
            (true, false, _) => "expired; sign in again".to_owned(),
            (false, false, Some(at)) => format!("signed in (expires in {})", time_left(at)),
            (false, false, None) => "signed in".to_owned(),
        };
        Self {
            // The query may contain an API key.
            server: key.server.split('?').next().unwrap_or_default().to_owned(),
            issuer: key.issuer,
            signed_in: can_refresh || !credentials.is_expired(),
            scopes: credentials.granted_scopes.clone(),
            expires_at: credentials.expires_at,
            can_refresh,
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
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    match at.saturating_sub(now) {
        seconds @ ..=119 => format!("{seconds} seconds"),
        seconds @ 120..=7199 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}
