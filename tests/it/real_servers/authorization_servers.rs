//! `mcp-oauth` against authorization servers that others wrote: the whole life of a sign-in, for a
//! native and for a web application.

use mcp_http::{Endpoint, TokenRequest, TokenSource};
use mcp_oauth::{MemoryStore, OAuthClient, Record, Store, UserTokens};
use mcp_testkit::{Bearer, CallResult, TestServer, TestTool};
use peers::{Program, Server as RealServer};
use relay::{Error, Relay, Server};
use reqwest::redirect::Policy;
use serde_json::json;

use crate::support::TraceCapture;

/// The redirect URIs of a native and of a web application.
const REDIRECT_URIS: [&str; 2] = ["http://127.0.0.1:1/callback", "https://app.example/callback"];

/// An authorization server, an MCP server that names it, and an application.
struct Fixture {
    issuer: RealServer,
    server: TestServer,
    store: MemoryStore,
    redirect_uri: &'static str,
}

impl Fixture {
    async fn start(program: Program, redirect_uri: &'static str) -> Option<Self> {
        let issuer = RealServer::start(program, &[])?;
        let bearer = Bearer::tokens(<[&str; 0]>::default());
        let bearer = bearer.scope("read").authorization_server(issuer.origin());
        let greet =
            TestTool::new("greet", json!({ "type": "object" }), |_| CallResult::text("hello"));
        let server = TestServer::builder().bearer(bearer).tool(greet).start().await.unwrap();
        Some(Self { issuer, server, store: MemoryStore::new(), redirect_uri })
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::parse(self.server.url()).unwrap()
    }

    /// Returns the application, as another process would start it.
    fn application(&self) -> OAuthClient {
        let client = OAuthClient::builder("tests", self.redirect_uri);
        client.store(self.store.clone()).build().unwrap()
    }

    /// Signs the user in, as a browser does that is redirected at once.
    async fn sign_in(&self, application: &OAuthClient) {
        let alice = application.user("alice");
        let sign_in = alice.begin_sign_in(&self.endpoint(), None).await.unwrap();
        let response = http().get(sign_in.authorization_url).send().await.unwrap();
        let callback = response.headers()["location"].to_str().unwrap();
        assert!(callback.starts_with(self.redirect_uri), "{callback}");
        application.complete_sign_in(sign_in.pending, callback).await.unwrap();
    }

    async fn token(&self, tokens: &UserTokens) -> String {
        let endpoint = self.endpoint();
        let token = tokens.token(TokenRequest::new(&endpoint)).await.unwrap().unwrap();
        token.expose().to_owned()
    }

    /// Returns whether the authorization server knows the token as valid.
    async fn is_active(&self, token: &str) -> bool {
        let url = format!("{}/active?token={token}", self.issuer.origin());
        http().get(url).send().await.unwrap().status().is_success()
    }

    async fn call(&self, tokens: &UserTokens) -> Result<String, Error> {
        let relay = Relay::builder().server("s", Server::http(self.server.url())).build()?;
        let tools = relay.for_user("alice", tokens.clone()).tools("s").await?;
        Ok(tools.call("greet", ()).await?.text().clone())
    }

    /// Changes the stored expiry of the access token to the past.
    async fn expire(&self) {
        let keys = self.store.keys_of_principal(Some("alice")).await.unwrap();
        let [key] = <[_; 1]>::try_from(keys).unwrap();
        let Some(Record::Credentials(mut stored)) = self.store.load(&key).await.unwrap() else {
            panic!("no user is signed in")
        };
        stored.expires_at = Some(0);
        self.store.save(&key, &Record::Credentials(stored)).await.unwrap();
    }
}

fn http() -> reqwest::Client {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    http.redirect(Policy::none()).build().unwrap()
}

/// Checks a call, a refresh and the end of a sign-in.
async fn check_life(fixture: &Fixture, application: &OAuthClient, revokes: bool) {
    let alice = application.user("alice");
    let first = fixture.token(&alice).await;
    assert!(fixture.is_active(&first).await);
    fixture.server.accept_token(&first);
    assert_eq!(fixture.call(&alice).await.unwrap(), "hello");

    // Another process finds that the token has expired, and refreshes it.
    fixture.expire().await;
    let alice = fixture.application().user("alice");
    let second = fixture.token(&alice).await;
    assert_ne!(second, first);
    assert!(fixture.is_active(&second).await);
    fixture.server.accept_token(&second);
    assert_eq!(fixture.call(&alice).await.unwrap(), "hello");

    let connections = alice.connections().await.unwrap();
    assert_eq!(connections.len(), 1);
    assert!(connections[0].issuer().starts_with(fixture.issuer.origin()));
    assert!(connections[0].can_refresh && connections[0].last_error.is_none());
    let capture = TraceCapture::start();
    alice.disconnect_all().await.unwrap();
    let log = capture.finish();
    assert_eq!(!fixture.is_active(&second).await, revokes, "{log}");
    assert!(matches!(fixture.call(&alice).await, Err(Error::Authorization(_))));
}

async fn check(program: Program, revokes: bool) {
    for redirect_uri in REDIRECT_URIS {
        let Some(fixture) = Fixture::start(program, redirect_uri).await else { return };
        let application = fixture.application();
        let alice = application.user("alice");
        assert!(matches!(fixture.call(&alice).await, Err(Error::Authorization(_))));
        fixture.sign_in(&application).await;
        check_life(&fixture, &application, revokes).await;
    }
}

#[tokio::test]
async fn router_of_the_typescript_sdk() {
    check(Program::SdkRouter, true).await;
}

#[tokio::test]
async fn node_oauth2_server() {
    check(Program::NodeOAuth2Server, false).await;
}

#[tokio::test]
async fn authlib() {
    check(Program::Authlib, true).await;
}

#[tokio::test]
async fn authlib_with_a_code_on_another_device() {
    let Some(fixture) = Fixture::start(Program::Authlib, REDIRECT_URIS[0]).await else { return };
    let application = fixture.application();
    let alice = application.user("alice");
    let sign_in = alice.begin_device_sign_in(&fixture.endpoint(), None).await.unwrap();
    assert_eq!(sign_in.user_code.len(), "MQNA-JPOZ".len());
    application.complete_device_sign_in(sign_in).await.unwrap();
    check_life(&fixture, &application, true).await;
}
