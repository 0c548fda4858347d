//! `mcp-oauth` against `oidc-provider`, with fastmcp behind it.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use mcp_http::{Endpoint, TokenRequest, TokenSource};
use mcp_oauth::{
    Credentials, MemoryStore, OAuthClient, OAuthClientBuilder, Record, RegisteredClient,
    ServiceTokens, Settings, SigningKey, Store, TokenType, UserTokens,
};
use peers::{Program, Server as RealServer};
use relay::{Error, Relay, Server};
use reqwest::{Method, redirect::Policy};
use serde_json::json;
use url::Url;

const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// An authorization server, an MCP server that takes its tokens, and what an application has stored.
struct World {
    issuer: RealServer,
    server: RealServer,
    store: MemoryStore,
}

impl World {
    fn start(issuer: &[(&str, &str)], server: &[(&str, &str)]) -> Option<Self> {
        let issuer = RealServer::start(Program::OidcProvider, issuer)?;
        let server = [server, &[("ISSUER", issuer.origin())]].concat();
        let server = RealServer::start(Program::FastMcp, &server)?;
        Some(Self { issuer, server, store: MemoryStore::new() })
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&self.server.url()).unwrap()
    }

    fn application(&self) -> OAuthClientBuilder {
        OAuthClient::builder("tests", CALLBACK).store(self.store.clone())
    }

    /// Adds two numbers on behalf of somebody, in a session of its own.
    async fn add(&self, tokens: impl TokenSource + 'static) -> Result<(), Error> {
        let relay = Relay::builder().server("fast", Server::http(self.server.url())).build()?;
        let tools = relay.for_user("somebody", tokens).tools("fast").await?;
        let sum = tools.call("add", json!({ "a": 2, "b": 3 })).await?;
        assert_eq!(sum.structured_content, Some(json!({ "a": 2, "b": 3, "sum": 5 })));
        relay.close().await
    }

    /// Whether the MCP server takes a token.
    async fn takes(&self, token: &str) -> bool {
        let relay = Relay::builder().server("fast", Server::http(self.server.url()));
        match relay.build().unwrap().with_token(token).tools("fast").await {
            Ok(_) => true,
            Err(Error::Authorization(_)) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn sign_in(&self, client: &OAuthClient, tokens: &UserTokens) -> Credentials {
        let sign_in = tokens.begin(&self.endpoint(), None).await.unwrap();
        let mut person = Person::default();
        let url = person.go(Method::GET, sign_in.authorization_url, "").await;
        let url = person.go(Method::POST, url, "prompt=login&login=alice&password=x").await;
        let callback = person.go(Method::POST, url, "prompt=consent").await;
        client.finish(sign_in.pending, callback.as_str()).await.unwrap()
    }

    /// What is stored for alice.
    async fn stored(&self) -> (mcp_oauth::Key, Box<Credentials>) {
        let server = self.endpoint();
        let keys = self.store.keys(Some("alice"), server.url().as_str()).await.unwrap();
        let [key] = <[_; 1]>::try_from(keys).unwrap();
        let Some(Record::Credentials(stored)) = self.store.load(&key).await.unwrap() else {
            panic!("nobody is signed in")
        };
        (key, stored)
    }

    /// Lets the access token of alice be past its time, for all that the application knows.
    async fn expire(&self) -> Box<Credentials> {
        let (key, mut stored) = self.stored().await;
        stored.expires_at = Some(0);
        self.store.save(&key, &Record::Credentials(stored.clone())).await.unwrap();
        stored
    }
}

/// Somebody with a browser that shows nothing: it keeps cookies and follows redirects.
#[derive(Default)]
struct Person {
    cookies: BTreeMap<String, String>,
}

impl Person {
    /// Follows a link or posts a form; gives the page that is shown then, or the callback.
    async fn go(&mut self, mut method: Method, mut url: Url, form: &'static str) -> Url {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let http = http.redirect(Policy::none()).build().unwrap();
        while !url.as_str().starts_with(CALLBACK) {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            let request = http
                .request(method, url.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .header("cookie", cookies.collect::<Vec<_>>().join("; "))
                .body(form);
            let answer = request.send().await.unwrap();
            for cookie in answer.headers().get_all("set-cookie") {
                let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(location) = answer.headers().get("location") else {
                assert!(answer.status().is_success(), "{url}: {}", answer.text().await.unwrap());
                break;
            };
            url = url.join(location.to_str().unwrap()).unwrap();
            method = Method::GET;
        }
        url
    }
}

/// Tokens that the MCP server asks about: what is revoked is refused at once.
#[tokio::test]
async fn sign_in_refresh_sign_out_and_refresh_token_reuse() {
    let Some(world) = World::start(&[("TOKENS", "opaque")], &[("OPAQUE", "1")]) else { return };
    let client = world.application().build().unwrap();
    let alice = client.user("alice");
    assert!(matches!(world.add(alice.clone()).await, Err(Error::Authorization(_))));
    let first = world.sign_in(&client, &alice).await;
    assert_eq!(
        (first.issuer.as_str(), first.token_type),
        (world.issuer.origin(), TokenType::Bearer)
    );
    world.add(alice.clone()).await.unwrap();

    // Another process finds that the token has expired, and gets another one.
    world.expire().await;
    let alice = world.application().build().unwrap().user("alice");
    world.add(alice.clone()).await.unwrap();
    let (_, second) = world.stored().await;
    let tokens = |it: &Credentials| {
        let refresh_token = it.refresh_token.as_ref().unwrap().expose().to_owned();
        [it.access_token.expose().to_owned(), refresh_token]
    };
    for (old, new) in tokens(&first).iter().zip(tokens(&second)) {
        assert_ne!(*old, new);
    }

    // Signing out is known everywhere.
    assert!(world.takes(second.access_token.expose()).await);
    alice.sign_out(&world.endpoint()).await.unwrap();
    assert!(!world.takes(second.access_token.expose()).await);
    assert!(matches!(world.add(alice.clone()).await, Err(Error::Authorization(_))));

    // Somebody else comes with an old refresh token, which ends the sign-in for all who use it.
    let third = world.sign_in(&client, &alice).await;
    world.expire().await;
    let other = world.application().build().unwrap().user("alice");
    world.add(other.clone()).await.unwrap();
    let (key, _) = world.stored().await;
    world.store.save(&key, &Record::Credentials(Box::new(third))).await.unwrap();
    world.expire().await;
    let thief = world.application().build().unwrap().user("alice");
    for late in [thief, other] {
        let Err(Error::Authorization(refused)) = world.add(late.clone()).await else {
            panic!("taken")
        };
        let said = std::error::Error::source(&refused.unauthorized).unwrap().to_string();
        assert!(said.starts_with("the access token was refused: sign in to "), "{said}");
    }
    world.sign_in(&client, &alice).await;
    world.add(alice.clone()).await.unwrap();
}

/// Tokens that the MCP server judges by the authorization server's key, for whom they are included.
#[tokio::test]
async fn jwt_access_token_names_its_audience() {
    let Some(world) = World::start(&[], &[]) else { return };
    let client = world.application().build().unwrap();
    let alice = client.user("alice");
    let credentials = world.sign_in(&client, &alice).await;
    world.add(alice.clone()).await.unwrap();
    let claims = credentials.access_token.expose().split('.').nth(1).unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], world.server.url());
    assert_eq!(claims["sub"], "alice");
}

/// Tokens without a person, for those who have a secret or a key.
#[tokio::test]
async fn client_credentials_work_with_secret_and_private_key() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let [x, y] =
        [1..33, 33..65].map(|it| BASE64_URL_SAFE_NO_PAD.encode(&pair.public_key_raw()[it]));
    let public = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig" });
    let Some(world) = World::start(&[("PUBLIC_KEY", &public.to_string())], &[]) else { return };
    let key = SigningKey::from_pem(&pair.serialize_pem()).unwrap();
    for client in [
        RegisteredClient::new("secretive").with_secret("a: b+c%d&e"),
        RegisteredClient::new("signer").with_private_key(key),
    ] {
        world.add(ServiceTokens::builder(client).build().unwrap()).await.unwrap();
    }
    let wrong = RegisteredClient::new("secretive").with_secret("a: b+c%d&f");
    let refused = world.add(ServiceTokens::builder(wrong).build().unwrap()).await;
    assert!(matches!(refused, Err(Error::Authorization(_))), "{refused:?}");
}

/// Tokens that are bound to a key, and so is what refreshes them (RFC 9449).
#[tokio::test]
async fn dpop_bound_token_is_refreshed_with_its_key() {
    // fastmcp does not know of such tokens, and only says where they are to be had.
    let Some(world) = World::start(&[], &[]) else { return };
    let settings = || Settings::new().dpop(true);
    let application = || world.application().settings(settings()).build().unwrap();
    let client = application();
    let first = world.sign_in(&client, &client.user("alice")).await;
    assert_eq!(first.token_type, TokenType::DPoP);
    world.expire().await;
    let endpoint = world.endpoint();
    let token = application().user("alice").token(TokenRequest::new(&endpoint)).await.unwrap();
    assert_ne!(token.unwrap().expose(), first.access_token.expose());
    // Without the key, it refreshes nothing.
    let (key, mut stored) = world.stored().await;
    (stored.expires_at, stored.dpop_key) = (Some(0), None);
    stored.token_type = TokenType::Bearer;
    world.store.save(&key, &Record::Credentials(stored)).await.unwrap();
    application().user("alice").token(TokenRequest::new(&endpoint)).await.unwrap();
    assert_eq!(world.stored().await.1.refresh_token, None);
}
