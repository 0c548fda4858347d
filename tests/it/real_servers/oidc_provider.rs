//! `mcp-oauth` against `oidc-provider`, with fastmcp as the MCP server.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use mcp_http::{Endpoint, TokenRequest, TokenSource};
use mcp_oauth::{
    ClientCredentials, Credentials, MemoryStore, OAuthClient, OAuthClientBuilder,
    PreregisteredClient, Record, Settings, SigningKey, Store, TokenType, UserTokens,
};
use peers::{Program, Server as RealServer};
use relay::{Error, Relay, Server};
use reqwest::{Method, redirect::Policy};
use serde_json::json;
use url::Url;

const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// An authorization server, an MCP server that accepts its tokens, and a credential store.
struct OidcFixture {
    issuer: RealServer,
    server: RealServer,
    store: MemoryStore,
}

impl OidcFixture {
    fn start(issuer: &[(&str, &str)], server: &[(&str, &str)]) -> Option<Self> {
        let issuer = RealServer::start(Program::OidcProvider, issuer)?;
        let server = [server, &[("ISSUER", issuer.origin())]].concat();
        let server = RealServer::start(Program::FastMcp, &server)?;
        Some(Self { issuer, server, store: MemoryStore::new() })
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&self.server.url()).unwrap()
    }

    fn client_builder(&self) -> OAuthClientBuilder {
        OAuthClient::builder("tests", CALLBACK).store(self.store.clone())
    }

    /// Calls the tool `add` in a session of its own.
    async fn call_add(&self, tokens: impl TokenSource + 'static) -> Result<(), Error> {
        let relay = Relay::builder().server("fast", Server::http(self.server.url())).build()?;
        let tools = relay.for_user("user", tokens).tools("fast").await?;
        let sum = tools.call("add", json!({ "a": 2, "b": 3 })).await?;
        assert_eq!(sum.structured_content, Some(json!({ "a": 2, "b": 3, "sum": 5 })));
        relay.close().await
    }

    /// Returns whether the MCP server accepts a token.
    async fn accepts_token(&self, token: &str) -> bool {
        let relay = Relay::builder().server("fast", Server::http(self.server.url()));
        match relay.build().unwrap().with_token(token).tools("fast").await {
            Ok(_) => true,
            Err(Error::Authorization(_)) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn sign_in(&self, client: &OAuthClient, tokens: &UserTokens) -> Credentials {
        let sign_in = tokens.begin_sign_in(&self.endpoint(), None).await.unwrap();
        let mut browser = Browser::default();
        let url = browser.navigate(Method::GET, sign_in.authorization_url, "").await;
        let url = browser.navigate(Method::POST, url, "prompt=login&login=alice&password=x").await;
        let callback = browser.navigate(Method::POST, url, "prompt=consent").await;
        client.complete_sign_in(sign_in.pending, callback.as_str()).await.unwrap()
    }

    /// The stored credentials of Alice.
    async fn stored_credentials(&self) -> (mcp_oauth::StoreKey, Box<Credentials>) {
        let server = self.endpoint();
        let keys = self.store.keys(Some("alice"), server.url().as_str()).await.unwrap();
        let [key] = <[_; 1]>::try_from(keys).unwrap();
        let Some(Record::Credentials(stored_credentials)) = self.store.load(&key).await.unwrap()
        else {
            panic!("no user is signed in")
        };
        (key, stored_credentials)
    }

    /// Changes the stored expiry of Alice's access token to the past.
    async fn expire_access_token(&self) -> Box<Credentials> {
        let (key, mut stored_credentials) = self.stored_credentials().await;
        stored_credentials.expires_at = Some(0);
        self.store.save(&key, &Record::Credentials(stored_credentials.clone())).await.unwrap();
        stored_credentials
    }
}

/// A browser without a display. It keeps cookies and follows redirects.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Follows a link or posts a form. Returns the URL of the page that is then shown, or the
    /// callback.
    async fn navigate(&mut self, mut method: Method, mut url: Url, form: &'static str) -> Url {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let http = http.redirect(Policy::none()).build().unwrap();
        while !url.as_str().starts_with(CALLBACK) {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            let request = http
                .request(method, url.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .header("cookie", cookies.collect::<Vec<_>>().join("; "))
                .body(form);
            let response = request.send().await.unwrap();
            for cookie in response.headers().get_all("set-cookie") {
                let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(location) = response.headers().get("location") else {
                assert!(
                    response.status().is_success(),
                    "{url}: {}",
                    response.text().await.unwrap()
                );
                break;
            };
            url = url.join(location.to_str().unwrap()).unwrap();
            method = Method::GET;
        }
        url
    }
}

/// With opaque tokens, which the MCP server introspects: a revoked token is rejected at once.
#[tokio::test]
async fn sign_in_refresh_sign_out_and_refresh_token_reuse() {
    let Some(fixture) = OidcFixture::start(&[("TOKENS", "opaque")], &[("OPAQUE", "1")]) else {
        return;
    };
    let client = fixture.client_builder().build().unwrap();
    let alice = client.user("alice");
    assert!(matches!(fixture.call_add(alice.clone()).await, Err(Error::Authorization(_))));
    let first = fixture.sign_in(&client, &alice).await;
    assert_eq!(
        (first.issuer.as_str(), first.token_type),
        (fixture.issuer.origin(), TokenType::Bearer)
    );
    fixture.call_add(alice.clone()).await.unwrap();

    // Another process finds that the token has expired, and refreshes it.
    fixture.expire_access_token().await;
    let alice = fixture.client_builder().build().unwrap().user("alice");
    fixture.call_add(alice.clone()).await.unwrap();
    let (_, second) = fixture.stored_credentials().await;
    let tokens = |it: &Credentials| {
        let refresh_token = it.refresh_token.as_ref().unwrap().expose().to_owned();
        [it.access_token.expose().to_owned(), refresh_token]
    };
    for (old, new) in tokens(&first).iter().zip(tokens(&second)) {
        assert_ne!(*old, new);
    }

    // After signing out, the token is rejected everywhere.
    assert!(fixture.accepts_token(second.access_token.expose()).await);
    alice.sign_out(&fixture.endpoint()).await.unwrap();
    assert!(!fixture.accepts_token(second.access_token.expose()).await);
    assert!(matches!(fixture.call_add(alice.clone()).await, Err(Error::Authorization(_))));

    // Reuse of an old refresh token ends the sign-in for all who use it.
    let third = fixture.sign_in(&client, &alice).await;
    fixture.expire_access_token().await;
    let other = fixture.client_builder().build().unwrap().user("alice");
    fixture.call_add(other.clone()).await.unwrap();
    let (key, _) = fixture.stored_credentials().await;
    fixture.store.save(&key, &Record::Credentials(Box::new(third))).await.unwrap();
    fixture.expire_access_token().await;
    let thief = fixture.client_builder().build().unwrap().user("alice");
    for late in [thief, other] {
        let Err(Error::Authorization(error)) = fixture.call_add(late.clone()).await else {
            panic!("the token was accepted")
        };
        let message = std::error::Error::source(&error.unauthorized).unwrap().to_string();
        assert!(
            message.starts_with("the server rejected the access token; sign in to "),
            "{message}"
        );
    }
    fixture.sign_in(&client, &alice).await;
    fixture.call_add(alice.clone()).await.unwrap();
}

/// With JWT tokens, which the MCP server verifies with the key of the authorization server.
#[tokio::test]
async fn jwt_access_token_names_its_audience() {
    let Some(fixture) = OidcFixture::start(&[], &[]) else { return };
    let client = fixture.client_builder().build().unwrap();
    let alice = client.user("alice");
    let credentials = fixture.sign_in(&client, &alice).await;
    fixture.call_add(alice.clone()).await.unwrap();
    let claims = credentials.access_token.expose().split('.').nth(1).unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], fixture.server.url());
    assert_eq!(claims["sub"], "alice");
}

/// Client credentials with a secret or a private key.
#[tokio::test]
async fn client_credentials_work_with_secret_and_private_key() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let [x, y] =
        [1..33, 33..65].map(|it| BASE64_URL_SAFE_NO_PAD.encode(&pair.public_key_raw()[it]));
    let public = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig" });
    let Some(fixture) = OidcFixture::start(&[("PUBLIC_KEY", &public.to_string())], &[]) else {
        return;
    };
    let key = SigningKey::from_pem(&pair.serialize_pem()).unwrap();
    for client in [
        PreregisteredClient::new("secretive").with_secret("a: b+c%d&e"),
        PreregisteredClient::new("signer").with_private_key(key),
    ] {
        fixture.call_add(ClientCredentials::builder(client).build().unwrap()).await.unwrap();
    }
    let wrong = PreregisteredClient::new("secretive").with_secret("a: b+c%d&f");
    let refused = fixture.call_add(ClientCredentials::builder(wrong).build().unwrap()).await;
    assert!(matches!(refused, Err(Error::Authorization(_))), "{refused:?}");
}

/// Tokens that are bound to a key, and refresh tokens as well (RFC 9449).
#[tokio::test]
async fn dpop_bound_token_is_refreshed_with_its_key() {
    // fastmcp does not support DPoP. It only provides the metadata here.
    let Some(fixture) = OidcFixture::start(&[], &[]) else { return };
    let settings = || Settings::new().dpop(true);
    let client_builder = || fixture.client_builder().settings(settings()).build().unwrap();
    let client = client_builder();
    let first = fixture.sign_in(&client, &client.user("alice")).await;
    assert_eq!(first.token_type, TokenType::DPoP);
    fixture.expire_access_token().await;
    let endpoint = fixture.endpoint();
    let token = client_builder().user("alice").token(TokenRequest::new(&endpoint)).await.unwrap();
    assert_ne!(token.unwrap().expose(), first.access_token.expose());
    // Without the key, the refresh token is rejected.
    let (key, mut stored_credentials) = fixture.stored_credentials().await;
    (stored_credentials.expires_at, stored_credentials.dpop_key) = (Some(0), None);
    stored_credentials.token_type = TokenType::Bearer;
    fixture.store.save(&key, &Record::Credentials(stored_credentials)).await.unwrap();
    client_builder().user("alice").token(TokenRequest::new(&endpoint)).await.unwrap();
    assert_eq!(fixture.stored_credentials().await.1.refresh_token, None);
}
