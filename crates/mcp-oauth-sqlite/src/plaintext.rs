//! The text that is encrypted in a row: a record, and the URL of its server.

use std::collections::BTreeMap;

use mcp_oauth::{Record, StoreKey};
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// The members that name the server of a row.
#[derive(Deserialize)]
struct ServerMembers {
    /// Missing in the rows of earlier versions.
    server: Option<String>,
    record: RecordMembers,
}

#[derive(Deserialize)]
struct RecordMembers {
    credentials: Option<CredentialsMembers>,
}

#[derive(Deserialize)]
struct CredentialsMembers {
    resource: String,
}

/// Returns the JSON of a record, with the URL of the server as another member. The row itself has
/// only the digest of the URL. [`Record::from_json`] ignores the member.
pub(crate) fn encode(key: &StoreKey, record: &Record) -> Zeroizing<Vec<u8>> {
    let json = record.to_json();
    let server = serde_json::to_string(&key.server).and_then(RawValue::from_string);
    let server = server.expect("a string serializes to JSON");
    let members = serde_json::from_slice(&json);
    let mut members: BTreeMap<&str, &RawValue> = members.expect("a record is a JSON object");
    members.insert("server", &server);
    Zeroizing::new(serde_json::to_vec(&members).expect("a map serializes to JSON"))
}

/// Returns the URLs that may be the one of the server. In rows of earlier versions, the resource
/// identifier of the server may be its URL.
pub(crate) fn server_urls(json: &[u8]) -> Vec<String> {
    let Ok(ServerMembers { server, record }) = serde_json::from_slice(json) else {
        return Vec::new();
    };
    let resource = record.credentials.map(|credentials| credentials.resource);
    let with_slash = resource.as_ref().map(|resource| format!("{resource}/"));
    [server, resource, with_slash].into_iter().flatten().collect()
}
