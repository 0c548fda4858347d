//! Machine-to-machine tokens: client credentials and assertions.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use mcp_http::UnauthorizedReason;
use mcp_oauth::{
    ClientCredentials, ClientCredentialsBuilder, Error, PreregisteredClient, TokenExchange,
};
use serde_json::{Value, json};
use wiremock::MockServer;

use super::support::{
    FormParams, OAuthMocks, error_text, json_response, mount, signing_key, token_error,
};

/// Requests a token after a 401, and returns the form that was posted.
async fn request_token(mocks: &OAuthMocks, tokens: ClientCredentialsBuilder) -> FormParams {
    let tokens = tokens.build().expect("usable settings");
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer");
    assert_eq!(mocks.token(&tokens).await.expect("a token"), None);
    let token = mocks.token_after_rejection(&tokens, None, &unauthorized).await.expect("a token");
    assert_eq!(token, mocks.token(&tokens).await.expect("a token"));
    mocks.token_requests().await.pop().expect("a token request")
}

fn client() -> PreregisteredClient {
    PreregisteredClient::new("service").with_secret("5ecret-client")
}

#[tokio::test]
async fn client_authenticates_with_a_method_the_server_supports() {
    let basic = format!("Basic {}", STANDARD.encode("service:5ecret-client"));
    for (method, in_header, in_form) in [
        (json!(["client_secret_basic"]), true, false),
        (json!(["client_secret_post"]), false, true),
        (Value::Null, true, false),
    ] {
        let mocks = OAuthMocks::with_metadata(|it| {
            it.issuer["token_endpoint_auth_methods_supported"] = method.clone();
        })
        .await;
        let form = request_token(&mocks, ClientCredentials::builder(client())).await;
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["resource"], mocks.endpoint().url().as_str());
        assert_eq!(form.contains_key("client_secret"), in_form, "{method}");
        let requests = mocks.issuer.received_requests().await.unwrap();
        let request = requests.iter().find(|it| it.url.path() == "/token").unwrap();
        let header = request.headers.get("authorization").map(|it| it.to_str().unwrap());
        assert_eq!(header, in_header.then_some(&*basic), "{method}");
    }
    let mocks = OAuthMocks::with_metadata(|it| {
        it.issuer["token_endpoint_auth_methods_supported"] = json!(["tls_client_auth"]);
    })
    .await;
    let tokens = ClientCredentials::builder(client()).build().unwrap();
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer");
    let error = mocks.token_after_rejection(&tokens, None, &unauthorized).await.unwrap_err();
    assert!(error_text(&*error).contains("has no authentication method that"), "{error}");
}

#[tokio::test]
async fn client_assertion_is_signed_with_the_private_key() {
    // RFC 7523, section 3
    let key = signing_key().with_key_id("k1");
    assert_eq!(format!("{key:?}"), "SigningKey(ES256, ****)");
    let mocks = OAuthMocks::start().await;
    let client = PreregisteredClient::new("service").with_private_key(key);
    let form = request_token(&mocks, ClientCredentials::builder(client)).await;
    let part = |at: usize| -> Value {
        let part = form["client_assertion"].split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({ "typ": "JWT", "alg": "ES256", "kid": "k1" }));
    let claims = part(1);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("service"), &json!("service")));
    assert_eq!(claims["aud"], mocks.issuer.uri());
    let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert!(life <= 300, "{life}");
}

#[tokio::test]
async fn assertion_is_exchanged_once() {
    let mocks = OAuthMocks::start().await;
    mocks.respond_once(token_error("invalid_grant")).await;
    let workload = PreregisteredClient::new("workload");
    let assertion = mcp_oauth::Secret::new("5ecret-assertion");
    let tokens = ClientCredentials::builder(workload).assertion_source(assertion).build().unwrap();
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer");
    let error = mocks.token_after_rejection(&tokens, None, &unauthorized).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::ErrorResponse { .. })), "{error:?}");
    let forms = mocks.token_requests().await;
    assert_eq!(forms.len(), 1);
    assert_eq!(forms[0]["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(forms[0]["assertion"], "5ecret-assertion");
}

#[tokio::test]
async fn identity_provider_is_asked_for_an_assertion() {
    // RFC 8693, section 2.1
    let mocks = OAuthMocks::start().await;
    let idp = MockServer::start().await;
    let jag = json!({
        "access_token": "5ecret-jag",
        "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag",
        "token_type": "N_A",
    });
    mount(&idp, "/token", json_response(&jag)).await;
    let at_idp = PreregisteredClient::new("at-idp").with_secret("5ecret-client");
    let exchange = TokenExchange::new(format!("{}/token", idp.uri()), at_idp, "5ecret-id-token");
    error_text(&std::io::Error::other(format!("{exchange:?}")));
    let form =
        request_token(&mocks, ClientCredentials::builder(client()).assertion_source(exchange))
            .await;
    assert_eq!(form["assertion"], "5ecret-jag");
    let request = &idp.received_requests().await.unwrap()[0];
    let exchange: FormParams = url::form_urlencoded::parse(&request.body).into_owned().collect();
    assert_eq!(exchange["subject_token"], "5ecret-id-token");
    assert_eq!(exchange["audience"], mocks.issuer.uri());
    assert_eq!(exchange["resource"], mocks.endpoint().url().as_str());
    assert_eq!(exchange["requested_token_type"], "urn:ietf:params:oauth:token-type:id-jag");
}

#[tokio::test]
async fn client_credentials_are_used_at_one_issuer_only() {
    // N-AUTH-14
    let (mocks, other) = (OAuthMocks::start().await, OAuthMocks::start().await);
    let tokens = ClientCredentials::builder(client()).build().unwrap();
    let token_error = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer");
    mocks.token_after_rejection(&tokens, None, &token_error).await.unwrap();
    let token_error = other.unauthorized(UnauthorizedReason::Missing, "Bearer");
    let error = other.token_after_rejection(&tokens, None, &token_error).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Configuration { .. })), "{error:?}");
    assert_eq!(other.token_requests().await.len(), 0);
}

#[tokio::test]
async fn scope_is_widened_once_per_challenge() {
    // AUTH-39, AUTH-40
    let mocks = OAuthMocks::start().await;
    let tokens = ClientCredentials::builder(client()).build().unwrap();
    let token_error = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer scope=a");
    let token = mocks.token_after_rejection(&tokens, None, &token_error).await.unwrap();
    let token_error = mocks.unauthorized(UnauthorizedReason::InsufficientScope, "Bearer scope=b");
    let token = mocks.token_after_rejection(&tokens, token.as_deref(), &token_error).await.unwrap();
    assert_eq!(mocks.token_requests().await[1]["scope"], "a b");
    let error =
        mocks.token_after_rejection(&tokens, token.as_deref(), &token_error).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::ScopeNotGranted { .. })), "{error:?}");
    assert_eq!(mocks.token_requests().await.len(), 2);
    // A server that demands another scope each time is not followed forever.
    let mut token = token;
    for scope in ["c", "d"] {
        let challenge = format!("Bearer scope={scope}");
        let token_error = mocks.unauthorized(UnauthorizedReason::InsufficientScope, &challenge);
        token = mocks.token_after_rejection(&tokens, token.as_deref(), &token_error).await.unwrap();
    }
    let token_error = mocks.unauthorized(UnauthorizedReason::InsufficientScope, "Bearer scope=e");
    let error =
        mocks.token_after_rejection(&tokens, token.as_deref(), &token_error).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::ScopeNotGranted { .. })), "{error:?}");
}

#[tokio::test]
async fn bearer_token_is_rejected_if_the_service_requested_dpop() {
    let mocks = OAuthMocks::start().await;
    let settings = mcp_oauth::Settings::new().dpop(true);
    let tokens = ClientCredentials::builder(client()).settings(settings).build().unwrap();
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer");
    let error = mocks.token_after_rejection(&tokens, None, &unauthorized).await.unwrap_err();
    assert!(error_text(&*error).contains("not of the requested type"), "{error}");
    assert_eq!(mocks.token(&tokens).await.unwrap(), None);
}
