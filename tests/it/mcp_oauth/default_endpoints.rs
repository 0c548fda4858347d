//! Servers of revision 2025-03-26, which name no authorization server: they are their own.

use mcp_oauth::Error;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::support::{World, ok, params, serve, shown};

/// A server without resource metadata, whose origin says this of itself.
async fn without_resource_metadata(metadata: impl FnOnce(&str) -> Option<Value>) -> World {
    let world = World::start().await;
    world.resource.reset().await;
    if let Some(document) = metadata(&world.resource.uri()) {
        let path = "/.well-known/oauth-authorization-server";
        serve(&world.resource, path, ok(&document)).await;
    }
    let registered = ok(&json!({ "client_id": "registered" }));
    for path in ["/register", "/elsewhere/register"] {
        serve(&world.resource, path, registered.clone()).await;
    }
    let tokens = json!({ "access_token": "5ecret-old", "token_type": "Bearer" });
    for path in ["/token", "/elsewhere/token"] {
        serve(&world.resource, path, ok(&tokens)).await;
    }
    world
}

fn endpoints(issuer: &str, base: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "registration_endpoint": format!("{base}/register"),
        "code_challenge_methods_supported": ["S256"],
    })
}

/// Signs in; tells where the person and the code were sent.
async fn sign_in(world: &World) -> [String; 2] {
    let application = world.application();
    let sign_in = world.begin(&application).await.expect("it begins");
    let sent = params(&sign_in.authorization_url);
    assert_eq!(sent["code_challenge_method"], "S256");
    assert_eq!(sent["resource"], world.endpoint().url().as_str());
    let callback = format!("{}?code=5ecret-code&state={}", sent["redirect_uri"], sent["state"]);
    application.finish(sign_in.pending, &callback).await.expect("it ends");
    let requests = world.resource.received_requests().await.expect("they are recorded");
    let posted = requests.last().expect("a code was traded").url.path().to_owned();
    [sign_in.authorization_url.path().to_owned(), posted]
}

#[tokio::test]
async fn server_without_metadata_uses_the_endpoints_of_2025_03_26() {
    // AUTH-21: at its origin, whatever the path of the endpoint
    let world = without_resource_metadata(|_| None).await;
    assert_eq!(sign_in(&world).await, ["/authorize", "/token"]);
}

#[tokio::test]
async fn server_can_be_its_own_authorization_server() {
    // AUTH-21
    for slash in ["", "/"] {
        let metadata = |origin: &str| {
            Some(endpoints(&format!("{origin}{slash}"), &format!("{origin}/elsewhere")))
        };
        let world = without_resource_metadata(metadata).await;
        assert_eq!(sign_in(&world).await, ["/elsewhere/authorize", "/elsewhere/token"]);
    }
}

#[tokio::test]
async fn own_metadata_must_match_the_issuer_and_support_pkce() {
    // AUTH-19, AUTH-27
    let other = |origin: &str| Some(endpoints("https://other.example", origin));
    let path = |origin: &str| Some(endpoints(&format!("{origin}/mcp"), origin));
    let unprotected = |origin: &str| {
        let mut metadata = endpoints(origin, origin);
        metadata["code_challenge_methods_supported"] = Value::Null;
        Some(metadata)
    };
    for metadata in [other, path, unprotected] {
        let world = without_resource_metadata(metadata).await;
        let refused = world.begin(&world.application()).await.unwrap_err();
        assert!(matches!(refused, Error::Untrusted { .. }), "{refused:?}");
        shown(&refused);
        let requests = world.resource.received_requests().await.unwrap();
        assert!(requests.iter().all(|it| it.method == http::Method::GET));
    }
}

#[tokio::test]
async fn rejected_redirect_uri_is_reported_and_not_cached() {
    // N-AUTH-13
    let world = World::start().await;
    let refusal =
        json!({ "error": "invalid_redirect_uri", "error_description": "not \u{1b}[1m that" });
    let answer = ResponseTemplate::new(400).set_body_json(refusal);
    let mock = wiremock::Mock::given(wiremock::matchers::path("/register")).respond_with(answer);
    mock.up_to_n_times(1).with_priority(1).mount(&world.issuer).await;
    let refused = world.begin(&world.application()).await.unwrap_err();
    assert!(shown(&refused).ends_with("/register refused: invalid_redirect_uri (not  [1m that)"));
    world.sign_in(&world.application()).await;
    assert_eq!(world.asked("/register").await, 2);
}
