//! Errors and traces contain no secret, at any level.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_http::{HttpTransport, UnauthorizedReason};
use mcp_oauth::{ClientCredentials, Error, PreregisteredClient, TokenExchange};
use serde_json::json;
use wiremock::{Request, Respond, ResponseTemplate};

use super::support::{OAuthMocks, error_text, oauth_error, signing_key, token_error};
use crate::support::{TraceCapture, assert_no_secrets, stateful_client};

/// Responds with an error whose description echoes all secrets of the request.
struct EchoingError(&'static str);

impl Respond for EchoingError {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let form = url::form_urlencoded::parse(&request.body).map(|(_, value)| value.into_owned());
        let basic = request.headers.get("authorization").map(|header| {
            let pair = header.to_str().expect("text").strip_prefix("Basic ").expect("a scheme");
            String::from_utf8(STANDARD.decode(pair).expect("Base64")).expect("text")
        });
        let sent: Vec<_> = form.chain(basic).collect();
        let description = format!("not good: {}", sent.join(", "));
        let body = json!({ "error": self.0, "error_description": description });
        ResponseTemplate::new(400).set_body_json(body)
    }
}

/// Asserts that the echoed secrets of an error are redacted. Returns its text.
#[track_caller]
fn assert_redacted(error: &Error, code: &str) -> String {
    let text = error_text(error);
    assert!(text.contains(&format!("returned an error: {code} (not good: ")), "{text}");
    assert!(text.contains("****"), "{text}");
    text
}

#[tokio::test]
async fn echoed_secrets_of_a_sign_in_are_redacted_in_errors() {
    // AUTH-05
    let mocks = OAuthMocks::with_token_lifetime(Some(0), |_| {}).await;
    let application = mocks.application();
    mocks.respond_once(EchoingError("invalid_grant")).await;
    let sign_in = mocks.begin(&application).await.unwrap();
    let callback = mocks.callback(&sign_in);
    let error = application.complete_sign_in(sign_in.pending, &callback).await.unwrap_err();
    let verifier = mocks.token_requests().await[0]["code_verifier"].clone();
    assert!(!assert_redacted(&error, "invalid_grant").contains(&verifier), "{error}");
    mocks.sign_in(&application).await;
    mocks.respond_once(EchoingError("server_error")).await;
    let error = mocks.token(&application.user("ann")).await.unwrap_err();
    assert_redacted(oauth_error(&error), "server_error");
}

#[tokio::test]
async fn echoed_secrets_of_client_credentials_are_redacted_in_errors() {
    let mocks = OAuthMocks::start().await;
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer");
    let by_secret = PreregisteredClient::new("service").with_secret("5ecret-client");
    let by_key = PreregisteredClient::new("service").with_private_key(signing_key());
    for client in [by_secret, by_key] {
        let assertion = mcp_oauth::Secret::new("5ecret-assertion");
        let tokens =
            ClientCredentials::builder(client).assertion_source(assertion).build().unwrap();
        mocks.respond_once(EchoingError("invalid_grant")).await;
        let error = mocks.token_after_rejection(&tokens, None, &unauthorized).await.unwrap_err();
        let text = assert_redacted(oauth_error(&error), "invalid_grant");
        let form = mocks.token_requests().await.pop().unwrap();
        let signed = form.get("client_assertion").is_some_and(|it| text.contains(it));
        assert!(!signed, "{text}");
    }
}

#[tokio::test]
async fn traces_contain_no_secret_of_a_sign_in() {
    // AUTH-05
    let trace = TraceCapture::start();
    let mocks = OAuthMocks::with_token_lifetime(Some(0), |_| {}).await;
    let application = mocks.application();
    let sign_in = mocks.begin(&application).await.unwrap();
    let (callback, state) = (mocks.callback(&sign_in), sign_in.pending.state().to_owned());
    application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    let user = application.user("ann");
    mocks.respond_once(EchoingError("server_error")).await;
    mocks.token(&user).await.unwrap_err();
    mocks.token(&user).await.unwrap();
    let transport = HttpTransport::builder(mocks.endpoint().url().as_str());
    let transport = transport.token_source(user.clone()).build().unwrap();
    stateful_client(transport).list_tools().await.unwrap_err();
    mocks.respond_once(token_error("invalid_grant")).await;
    let unauthorized =
        mocks.unauthorized(UnauthorizedReason::Rejected, "Bearer error=invalid_token");
    let token = mocks.token(&user).await.unwrap();
    mocks.token_after_rejection(&user, token.as_deref(), &unauthorized).await.unwrap_err();
    user.sign_out(&mocks.endpoint()).await.unwrap();
    let text = trace.finish();
    assert!(text.contains("mcp_http::wire"), "nothing was traced: {text}");
    assert_no_secrets(&text);
    let verifier = mocks.token_requests().await[0]["code_verifier"].clone();
    assert!(!text.contains(&verifier) && !text.contains(&state), "{text}");
}

#[tokio::test]
async fn traces_contain_no_secret_of_client_credentials() {
    let trace = TraceCapture::start();
    let mocks = OAuthMocks::start().await;
    let service = PreregisteredClient::new("service").with_secret("5ecret-client");
    let exchange = TokenExchange::new("http://127.0.0.1:9/", service.clone(), "5ecret-id-token");
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer");
    let by_assertion = ClientCredentials::builder(service.clone()).assertion_source(exchange);
    let by_assertion = by_assertion.build().unwrap();
    mocks.token_after_rejection(&by_assertion, None, &unauthorized).await.unwrap_err();
    let tokens = ClientCredentials::builder(service).build().unwrap();
    let token = mocks.token_after_rejection(&tokens, None, &unauthorized).await.unwrap().unwrap();
    let transport = HttpTransport::builder(mocks.endpoint().url().as_str());
    let transport = transport.token_source(tokens).build().unwrap();
    stateful_client(transport).list_tools().await.unwrap_err();
    let text = trace.finish();
    assert!(token.contains("5ecret") && text.contains("mcp_http::wire"), "{text}");
    assert_no_secrets(&text);
}
