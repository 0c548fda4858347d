//! Keys and records of the tests.

use mcp_oauth::{Record, StoreKey};
use serde_json::json;

/// The server of all keys. Its URL contains a secret.
pub(crate) const SERVER: &str = "https://mcp.example/mcp?key=5ecret-key";
const ISSUER: &str = "https://login.example";

pub(crate) fn key(principal: &str) -> StoreKey {
    StoreKey::new(Some(principal), SERVER, ISSUER)
}

/// Credentials with a numbered refresh token, which is larger than a keyring entry may be.
pub(crate) fn record(number: u64) -> Record {
    let record = json!({ "credentials": {
        "issuer": ISSUER,
        "resource": "https://mcp.example/mcp",
        "access_token": format!("5ecret-access-{number}"),
        "token_type": "Bearer",
        "expires_at": null,
        "refresh_token": format!("5ecret-{}.{number}", "x".repeat(20_000)),
        "requested_scopes": [],
        "step_ups": 0,
        "issued_at": number,
        "registration": {
            "client_id": "c",
            "client_secret": "5ecret-client",
            "secret_expires_at": null,
            "auth_method": "client_secret_basic",
            "redirect_uri": null,
        },
        "token_endpoint": "https://login.example/token",
        "revocation_endpoint": null,
        "dpop_key": "5ecret-dpop",
    } });
    serde_json::from_value(record).unwrap()
}

/// The number of a record. Panics if the record is not complete.
pub(crate) fn number(record: &Record) -> u64 {
    let Record::Credentials(credentials) = record else { panic!("{record:?}") };
    let number = credentials.issued_at;
    assert_eq!(*record, self::record(number));
    number
}

/// The refresh token of a record.
pub(crate) fn refresh_token(record: Option<Record>) -> String {
    let Some(Record::Credentials(credentials)) = record else { panic!("no user is signed in") };
    credentials.refresh_token.unwrap().expose().to_owned()
}
