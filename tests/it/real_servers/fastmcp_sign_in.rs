//! `mcp-oauth` against the authorization server of fastmcp, which is that of the SDK `mcp`.

use mcp_http::Endpoint;
use mcp_oauth::{MemoryStore, OAuthClient, Record, Store, UserTokens};
use peers::{Program, Server as RealServer};
use relay::{Error, Relay, Server};
use reqwest::redirect::Policy;
use serde_json::json;

use crate::support::TraceCapture;

fn start() -> Option<RealServer> {
    RealServer::start(Program::FastMcp, &[("OAUTH", "1")])
}

/// Visits the authorization server as a browser would, and completes the sign-in.
async fn sign_in(client: &OAuthClient, tokens: &UserTokens, endpoint: &Endpoint) {
    let sign_in = tokens.begin_sign_in(endpoint, None).await.unwrap();
    let browser = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let browser = browser.redirect(Policy::none()).build().unwrap();
    let response = browser.get(sign_in.authorization_url).send().await.unwrap();
    let callback = response.headers()["location"].to_str().unwrap();
    assert!(callback.starts_with("http://127.0.0.1:1/callback?"), "{callback}");
    client.complete_sign_in(sign_in.pending, callback).await.unwrap();
}

fn application(store: &MemoryStore) -> OAuthClient {
    let client = OAuthClient::builder("tests", "http://127.0.0.1:1/callback");
    client.store(store.clone()).build().unwrap()
}

#[tokio::test]
async fn sign_in_call_refresh_and_sign_out() {
    let Some(server) = start() else { return };
    let relay = Relay::builder().server("fast", Server::http(server.url())).build().unwrap();
    let endpoint = Endpoint::parse(&server.url()).unwrap();
    let (store, call) = (MemoryStore::new(), json!({ "a": 2, "b": 3 }));
    let client = application(&store);
    let alice = client.user("alice");
    let user = relay.for_user("alice", alice.clone());
    assert!(matches!(user.tools("fast").await, Err(Error::Authorization(_))));
    sign_in(&client, &alice, &endpoint).await;
    let tools = user.tools("fast").await.unwrap();
    let sum = tools.call("add", call.clone()).await.unwrap();
    assert_eq!(sum.structured_content, Some(json!({ "a": 2, "b": 3, "sum": 5 })));

    // Another process finds that the token has expired, and refreshes it.
    let key = store.keys(Some("alice"), endpoint.url().as_str()).await.unwrap().pop().unwrap();
    let Some(Record::Credentials(mut old)) = store.load(&key).await.unwrap() else { panic!() };
    old.expires_at = Some(0);
    store.save(&key, &Record::Credentials(old.clone())).await.unwrap();
    let relay = Relay::builder().server("fast", Server::http(server.url())).build().unwrap();
    let other = application(&store).user("alice");
    let tools = relay.for_user("alice", other.clone()).tools("fast").await.unwrap();
    assert!(!tools.call("add", call).await.unwrap().is_error);
    let Some(Record::Credentials(new)) = store.load(&key).await.unwrap() else { panic!() };
    assert_ne!(new.access_token.expose(), old.access_token.expose());

    // Its revocation endpoint requires `client_secret` in the form, which is how the client registered.
    let capture = TraceCapture::start();
    other.sign_out(&endpoint).await.unwrap();
    let message = capture.finish();
    assert!(!message.contains("but not revoked"), "{message}");
    assert!(store.keys(Some("alice"), endpoint.url().as_str()).await.unwrap().is_empty());
    let relay = Relay::builder().server("fast", Server::http(server.url())).build().unwrap();
    let after = relay.for_user("alice", other).tools("fast").await;
    assert!(matches!(after, Err(Error::Authorization(_))));
    let revoked = relay.with_token(new.access_token.expose()).tools("fast").await;
    assert!(matches!(revoked, Err(Error::Authorization(_))), "{revoked:?}");
}
