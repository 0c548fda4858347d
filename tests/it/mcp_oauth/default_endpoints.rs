//! Servers of version 2025-03-26 without metadata: they are their own authorization server.

use mcp_oauth::Error;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::support::{OAuthMocks, error_text, json_response, mount, query_params};

/// A server without resource metadata whose origin serves this authorization server metadata.
async fn mocks_without_resource_metadata(
    metadata: impl FnOnce(&str) -> Option<Value>,
) -> OAuthMocks {
    let mocks = OAuthMocks::start().await;
    mocks.resource.reset().await;
    if let Some(document) = metadata(&mocks.resource.uri()) {
        let path = "/.well-known/oauth-authorization-server";
        mount(&mocks.resource, path, json_response(&document)).await;
    }
    let registered = json_response(&json!({ "client_id": "registered" }));
    for path in ["/register", "/elsewhere/register"] {
        mount(&mocks.resource, path, registered.clone()).await;
    }
    let tokens = json!({ "access_token": "5ecret-old", "token_type": "Bearer" });
    for path in ["/token", "/elsewhere/token"] {
        mount(&mocks.resource, path, json_response(&tokens)).await;
    }
    mocks
}

fn metadata_with_endpoints(issuer: &str, base: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "registration_endpoint": format!("{base}/register"),
        "code_challenge_methods_supported": ["S256"],
    })
}

/// Signs in. Returns the paths of the authorization and the token endpoint.
async fn sign_in(mocks: &OAuthMocks) -> [String; 2] {
    let application = mocks.application();
    let sign_in = mocks.begin(&application).await.expect("the sign-in begins");
    let sent = query_params(&sign_in.authorization_url);
    assert_eq!(sent["code_challenge_method"], "S256");
    assert_eq!(sent["resource"], mocks.endpoint().url().as_str());
    let callback = format!("{}?code=5ecret-code&state={}", sent["redirect_uri"], sent["state"]);
    application.complete_sign_in(sign_in.pending, &callback).await.expect("it completes");
    let requests = mocks.resource.received_requests().await.expect("requests are recorded");
    let token_path = requests.last().expect("a code was redeemed").url.path().to_owned();
    [sign_in.authorization_url.path().to_owned(), token_path]
}

#[tokio::test]
async fn server_without_metadata_uses_the_endpoints_of_2025_03_26() {
    // AUTH-21: at the origin, whatever the path of the endpoint
    let mocks = mocks_without_resource_metadata(|_| None).await;
    assert_eq!(sign_in(&mocks).await, ["/authorize", "/token"]);
}

#[tokio::test]
async fn server_can_be_its_own_authorization_server() {
    // AUTH-21
    for slash in ["", "/"] {
        let metadata = |origin: &str| {
            Some(metadata_with_endpoints(
                &format!("{origin}{slash}"),
                &format!("{origin}/elsewhere"),
            ))
        };
        let mocks = mocks_without_resource_metadata(metadata).await;
        assert_eq!(sign_in(&mocks).await, ["/elsewhere/authorize", "/elsewhere/token"]);
    }
}

#[tokio::test]
async fn own_metadata_must_match_the_issuer_and_support_pkce() {
    // AUTH-19, AUTH-27
    let other = |origin: &str| Some(metadata_with_endpoints("https://other.example", origin));
    let path = |origin: &str| Some(metadata_with_endpoints(&format!("{origin}/mcp"), origin));
    let unprotected = |origin: &str| {
        let mut metadata = metadata_with_endpoints(origin, origin);
        metadata["code_challenge_methods_supported"] = Value::Null;
        Some(metadata)
    };
    for metadata in [other, path, unprotected] {
        let mocks = mocks_without_resource_metadata(metadata).await;
        let error = mocks.begin(&mocks.application()).await.unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
        error_text(&error);
        let requests = mocks.resource.received_requests().await.unwrap();
        assert!(requests.iter().all(|it| it.method == http::Method::GET));
    }
}

#[tokio::test]
async fn rejected_redirect_uri_is_reported_and_not_cached() {
    // N-AUTH-13
    let mocks = OAuthMocks::start().await;
    let token_error =
        json!({ "error": "invalid_redirect_uri", "error_description": "not \u{1b}[1m that" });
    let response = ResponseTemplate::new(400).set_body_json(token_error);
    let mock = wiremock::Mock::given(wiremock::matchers::path("/register")).respond_with(response);
    mock.up_to_n_times(1).with_priority(1).mount(&mocks.issuer).await;
    let error = mocks.begin(&mocks.application()).await.unwrap_err();
    assert!(
        error_text(&error)
            .ends_with("/register returned an error: invalid_redirect_uri (not  [1m that)")
    );
    mocks.sign_in(&mocks.application()).await;
    assert_eq!(mocks.request_count("/register").await, 2);
}
