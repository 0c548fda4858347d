//! The callback URL of an authorization server.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcp_oauth::{EncryptionKey, Error, OAuthClient, PendingSignIn};
use tokio::runtime::{Builder, Runtime};
use url::form_urlencoded;

const STATE: &str = "the-state";
const ISSUER: &str = "https://login.example";
/// A pending sign-in whose code is never exchanged, because its token endpoint is rejected.
const PENDING: &str = r#"{
    "principal": "ann",
    "server": "https://mcp.example/mcp",
    "resource": "https://mcp.example/mcp",
    "issuer": "https://login.example",
    "names_issuer": true,
    "state": "the-state",
    "verifier": "the-verifier",
    "scopes": [],
    "step_ups": 0,
    "registration": { "client_id": "fuzz", "auth_method": "none" },
    "token_endpoint": "http://login.example/token",
    "begun_at": 18446744073709551615
}"#;

static CLIENT: LazyLock<OAuthClient> = LazyLock::new(|| {
    let client = OAuthClient::builder("Fuzz", "http://127.0.0.1:1/callback");
    client.build().expect("the settings are valid")
});
/// A runtime without drivers for sockets and timers, so that requests are impossible.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));
static KEY: LazyLock<EncryptionKey> = LazyLock::new(EncryptionKey::generate);
static ENCRYPTED: LazyLock<String> =
    LazyLock::new(|| KEY.encrypt("mcp-oauth pending sign-in", PENDING.as_bytes()));

fuzz_target!(|callback: &str| {
    let pending = PendingSignIn::decrypt(&KEY, &ENCRYPTED).expect("a pending sign-in");
    let outcome = RUNTIME.block_on(CLIENT.complete_sign_in(pending, callback));
    let only = |name: &str| only(callback, name);
    let is_its_callback =
        only("state").as_deref() == Some(STATE) && only("iss").as_deref() == Some(ISSUER);
    match outcome.expect_err("the token endpoint is rejected") {
        // The callback was valid, and the client tried to exchange the code.
        Error::Untrusted { url, .. } => {
            assert_eq!(url, "http://login.example/token");
            assert!(is_its_callback && only("code").is_some() && only("error").is_none());
        }
        Error::ErrorResponse { url, error, .. } => {
            assert_eq!(url, ISSUER);
            assert!(is_its_callback && only("error").as_ref() == Some(&error));
        }
        Error::InvalidCallback { .. } => {}
        other => panic!("{other:?}"),
    }
});

/// Returns the value of a parameter that occurs exactly once.
fn only(callback: &str, name: &str) -> Option<String> {
    let query = match callback.split_once('?') {
        Some((before, query)) if !before.contains(['=', '&']) => query,
        _ => callback,
    };
    let query = query.split('#').next().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
