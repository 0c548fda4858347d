//! `relay status`: which servers there are sign-ins for.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use mcp_oauth::{Credentials, Error, Key, Record, Store};
use serde::Serialize;

use crate::{
    output::{Exit, Output, table},
    sign_in::{PRINCIPAL, known_store},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    server: String,
    issuer: String,
    /// Whether a token can be had without the person.
    signed_in: bool,
    expires_at: Option<u64>,
    can_refresh: bool,
    #[serde(skip)]
    state: String,
}

/// Lists the sign-ins. Nothing is sent, so that one may have been revoked all the same.
pub(crate) async fn status(output: &Output) -> Result<Exit> {
    let mut rows = Vec::new();
    if let Some(store) = known_store()? {
        let failed = |source| Error::Store { source };
        for key in store.all_keys().await.map_err(failed)? {
            if key.principal.as_deref() == Some(PRINCIPAL)
                && let Some(Record::Credentials(it)) = store.load(&key).await.map_err(failed)?
            {
                rows.push(Row::new(key, &it));
            }
        }
    }
    if output.is_json() {
        output.json_result(&rows)?;
    } else if rows.is_empty() {
        output.warn("nobody is signed in anywhere");
    } else {
        let rows: Vec<_> =
            rows.into_iter().map(|it| vec![it.server, it.issuer, it.state]).collect();
        table::print(&["SERVER", "SIGNED IN BY", "STATE"], &rows, output)?;
    }
    Ok(Exit::Done)
}

impl Row {
    fn new(key: Key, credentials: &Credentials) -> Self {
        let can_refresh = credentials.refresh_token.is_some();
        let state = match (credentials.is_expired(), can_refresh, credentials.expires_at) {
            (_, true, _) => "signed in; renewed by itself".to_owned(),
            (true, false, _) => "expired: sign in again".to_owned(),
            (false, false, Some(at)) => format!("signed in for {}", left(at)),
            (false, false, None) => "signed in".to_owned(),
        };
        Self {
            // What comes after `?` may be a key.
            server: key.server.split('?').next().unwrap_or_default().to_owned(),
            issuer: key.issuer,
            signed_in: can_refresh || !credentials.is_expired(),
            expires_at: credentials.expires_at,
            can_refresh,
            state,
        }
    }
}

/// The time until then, in the largest unit of which there is one.
fn left(at: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    match at.saturating_sub(now) {
        seconds @ ..=119 => format!("{seconds} seconds"),
        seconds @ 120..=7199 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}
