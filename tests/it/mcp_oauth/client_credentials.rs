//! Tokens without a person.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use mcp_http::Reason;
use mcp_oauth::{Error, RegisteredClient, ServiceTokens, ServiceTokensBuilder, TokenExchange};
use serde_json::{Value, json};
use wiremock::MockServer;

use super::support::{Params, World, ok, refusal, serve, shown, signing_key};

/// What is posted for a token after the server of `world` has refused to do without.
async fn ask(world: &World, tokens: ServiceTokensBuilder) -> Params {
    let tokens = tokens.build().expect("usable settings");
    let unauthorized = world.unauthorized(Reason::Missing, "Bearer");
    assert_eq!(world.token(&tokens).await.expect("a token"), None);
    let token = world.after(&tokens, None, &unauthorized).await.expect("a token");
    assert_eq!(token, world.token(&tokens).await.expect("a token"));
    world.posted().await.pop().expect("something was posted")
}

fn client() -> RegisteredClient {
    RegisteredClient::new("service").with_secret("5ecret-client")
}

#[tokio::test]
async fn client_authenticates_with_a_method_the_server_supports() {
    let basic = format!("Basic {}", STANDARD.encode("service:5ecret-client"));
    for (method, in_header, in_form) in [
        (json!(["client_secret_basic"]), true, false),
        (json!(["client_secret_post"]), false, true),
        (Value::Null, true, false),
    ] {
        let world =
            World::with(|it| it.issuer["token_endpoint_auth_methods_supported"] = method.clone())
                .await;
        let posted = ask(&world, ServiceTokens::builder(client())).await;
        assert_eq!(posted["grant_type"], "client_credentials");
        assert_eq!(posted["resource"], world.endpoint().url().as_str());
        assert_eq!(posted.contains_key("client_secret"), in_form, "{method}");
        let requests = world.issuer.received_requests().await.unwrap();
        let request = requests.iter().find(|it| it.url.path() == "/token").unwrap();
        let header = request.headers.get("authorization").map(|it| it.to_str().unwrap());
        assert_eq!(header, in_header.then_some(&*basic), "{method}");
    }
    let world = World::with(|it| {
        it.issuer["token_endpoint_auth_methods_supported"] = json!(["tls_client_auth"]);
    })
    .await;
    let tokens = ServiceTokens::builder(client()).build().unwrap();
    let unauthorized = world.unauthorized(Reason::Missing, "Bearer");
    let error = world.after(&tokens, None, &unauthorized).await.unwrap_err();
    assert!(shown(&*error).contains("has no credentials of a kind that"), "{error}");
}

#[tokio::test]
async fn client_assertion_is_signed_with_the_private_key() {
    // RFC 7523, section 3
    let key = signing_key().with_id("k1");
    assert_eq!(format!("{key:?}"), "SigningKey(ES256, ****)");
    let world = World::start().await;
    let client = RegisteredClient::new("service").with_private_key(key);
    let posted = ask(&world, ServiceTokens::builder(client)).await;
    let part = |at: usize| -> Value {
        let part = posted["client_assertion"].split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({ "typ": "JWT", "alg": "ES256", "kid": "k1" }));
    let claims = part(1);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("service"), &json!("service")));
    assert_eq!(claims["aud"], world.issuer.uri());
    let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert!(life <= 300, "{life}");
}

#[tokio::test]
async fn assertion_is_exchanged_once() {
    let world = World::start().await;
    world.next_answer(refusal("invalid_grant")).await;
    let workload = RegisteredClient::new("workload");
    let assertion = mcp_oauth::Secret::new("5ecret-assertion");
    let tokens = ServiceTokens::builder(workload).assertions(assertion).build().unwrap();
    let unauthorized = world.unauthorized(Reason::Missing, "Bearer");
    let error = world.after(&tokens, None, &unauthorized).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Refused { .. })), "{error:?}");
    let posted = world.posted().await;
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0]["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(posted[0]["assertion"], "5ecret-assertion");
}

#[tokio::test]
async fn identity_provider_is_asked_for_an_assertion() {
    // RFC 8693, section 2.1
    let world = World::start().await;
    let idp = MockServer::start().await;
    let jag = json!({
        "access_token": "5ecret-jag",
        "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag",
        "token_type": "N_A",
    });
    serve(&idp, "/token", ok(&jag)).await;
    let at_idp = RegisteredClient::new("at-idp").with_secret("5ecret-client");
    let exchange = TokenExchange::new(format!("{}/token", idp.uri()), at_idp, "5ecret-id-token");
    shown(&std::io::Error::other(format!("{exchange:?}")));
    let posted = ask(&world, ServiceTokens::builder(client()).assertions(exchange)).await;
    assert_eq!(posted["assertion"], "5ecret-jag");
    let asked = &idp.received_requests().await.unwrap()[0];
    let asked: Params = url::form_urlencoded::parse(&asked.body).into_owned().collect();
    assert_eq!(asked["subject_token"], "5ecret-id-token");
    assert_eq!(asked["audience"], world.issuer.uri());
    assert_eq!(asked["resource"], world.endpoint().url().as_str());
    assert_eq!(asked["requested_token_type"], "urn:ietf:params:oauth:token-type:id-jag");
}

#[tokio::test]
async fn client_credentials_are_used_at_one_issuer_only() {
    // N-AUTH-14
    let (world, other) = (World::start().await, World::start().await);
    let tokens = ServiceTokens::builder(client()).build().unwrap();
    let refusal = world.unauthorized(Reason::Missing, "Bearer");
    world.after(&tokens, None, &refusal).await.unwrap();
    let refusal = other.unauthorized(Reason::Missing, "Bearer");
    let error = other.after(&tokens, None, &refusal).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Configuration { .. })), "{error:?}");
    assert_eq!(other.posted().await.len(), 0);
}

#[tokio::test]
async fn scope_is_widened_once_per_challenge() {
    // AUTH-39, AUTH-40
    let world = World::start().await;
    let tokens = ServiceTokens::builder(client()).build().unwrap();
    let refusal = world.unauthorized(Reason::Missing, "Bearer scope=a");
    let token = world.after(&tokens, None, &refusal).await.unwrap();
    let refusal = world.unauthorized(Reason::InsufficientScope, "Bearer scope=b");
    let token = world.after(&tokens, token.as_deref(), &refusal).await.unwrap();
    assert_eq!(world.posted().await[1]["scope"], "a b");
    let error = world.after(&tokens, token.as_deref(), &refusal).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::ScopeNotGranted { .. })), "{error:?}");
    assert_eq!(world.posted().await.len(), 2);
    // Nor is a server followed that wants another one each time.
    let mut token = token;
    for scope in ["c", "d"] {
        let challenge = format!("Bearer scope={scope}");
        let refusal = world.unauthorized(Reason::InsufficientScope, &challenge);
        token = world.after(&tokens, token.as_deref(), &refusal).await.unwrap();
    }
    let refusal = world.unauthorized(Reason::InsufficientScope, "Bearer scope=e");
    let error = world.after(&tokens, token.as_deref(), &refusal).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::ScopeNotGranted { .. })), "{error:?}");
}
