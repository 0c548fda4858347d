//! No trace shows a secret, at any level, whatever goes well or wrong.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_http::{HttpTransport, Reason};
use mcp_oauth::{Error, RegisteredClient, ServiceTokens, TokenExchange};
use serde_json::json;
use wiremock::{Request, Respond, ResponseTemplate};

use super::support::{World, refusal, shown, signing_key};
use crate::support::{TraceCapture, assert_no_secrets, stateful_client};

/// Refuses, and repeats all that it was asked with in the way of those who are easy to debug.
struct Repeating(&'static str);

impl Respond for Repeating {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let form = url::form_urlencoded::parse(&request.body).map(|(_, value)| value.into_owned());
        let basic = request.headers.get("authorization").map(|header| {
            let pair = header.to_str().expect("text").strip_prefix("Basic ").expect("a scheme");
            String::from_utf8(STANDARD.decode(pair).expect("Base64")).expect("text")
        });
        let sent: Vec<_> = form.chain(basic).collect();
        let said = format!("not good: {}", sent.join(", "));
        let body = json!({ "error": self.0, "error_description": said });
        ResponseTemplate::new(400).set_body_json(body)
    }
}

/// What is shown of a refusal, which says something and no secret.
#[track_caller]
fn said(error: &Error, code: &str) -> String {
    let text = shown(error);
    assert!(text.contains(&format!("refused: {code} (not good: ")), "{text}");
    assert!(text.contains("****"), "{text}");
    text
}

#[tokio::test]
async fn echoed_secrets_of_a_sign_in_are_redacted_in_errors() {
    // AUTH-05
    let world = World::living(Some(0), |_| {}).await;
    let application = world.application();
    world.next_answer(Repeating("invalid_grant")).await;
    let sign_in = world.begin(&application).await.unwrap();
    let callback = world.callback(&sign_in);
    let refused = application.finish(sign_in.pending, &callback).await.unwrap_err();
    let verifier = world.posted().await[0]["code_verifier"].clone();
    assert!(!said(&refused, "invalid_grant").contains(&verifier), "{refused}");
    world.sign_in(&application).await;
    world.next_answer(Repeating("server_error")).await;
    let refused = world.token(&application.user("ann")).await.unwrap_err();
    said(refused.downcast_ref().unwrap(), "server_error");
}

#[tokio::test]
async fn echoed_secrets_of_client_credentials_are_redacted_in_errors() {
    let world = World::start().await;
    let unauthorized = world.unauthorized(Reason::Missing, "Bearer");
    let by_secret = RegisteredClient::new("service").with_secret("5ecret-client");
    let by_key = RegisteredClient::new("service").with_private_key(signing_key());
    for client in [by_secret, by_key] {
        let assertion = mcp_oauth::Secret::new("5ecret-assertion");
        let tokens = ServiceTokens::builder(client).assertions(assertion).build().unwrap();
        world.next_answer(Repeating("invalid_grant")).await;
        let refused = world.after(&tokens, None, &unauthorized).await.unwrap_err();
        let text = said(refused.downcast_ref().unwrap(), "invalid_grant");
        let posted = world.posted().await.pop().unwrap();
        let signed = posted.get("client_assertion").is_some_and(|it| text.contains(it));
        assert!(!signed, "{text}");
    }
}

#[tokio::test]
async fn traces_contain_no_secret_of_a_sign_in() {
    // AUTH-05
    let traced = TraceCapture::start();
    let world = World::living(Some(0), |_| {}).await;
    let application = world.application();
    let sign_in = world.begin(&application).await.unwrap();
    let (callback, state) = (world.callback(&sign_in), sign_in.pending.state().to_owned());
    application.finish(sign_in.pending, &callback).await.unwrap();
    let user = application.user("ann");
    world.next_answer(Repeating("server_error")).await;
    world.token(&user).await.unwrap_err();
    world.token(&user).await.unwrap();
    let transport = HttpTransport::builder(world.endpoint().url().as_str());
    let transport = transport.token_source(user.clone()).build().unwrap();
    stateful_client(transport).list_tools().await.unwrap_err();
    world.next_answer(refusal("invalid_grant")).await;
    let unauthorized = world.unauthorized(Reason::Rejected, "Bearer error=invalid_token");
    let token = world.token(&user).await.unwrap();
    world.after(&user, token.as_deref(), &unauthorized).await.unwrap_err();
    user.sign_out(&world.endpoint()).await.unwrap();
    let text = traced.finish();
    assert!(text.contains("mcp_http::wire"), "nothing was traced: {text}");
    assert_no_secrets(&text);
    let verifier = world.posted().await[0]["code_verifier"].clone();
    assert!(!text.contains(&verifier) && !text.contains(&state), "{text}");
}

#[tokio::test]
async fn traces_contain_no_secret_of_client_credentials() {
    let traced = TraceCapture::start();
    let world = World::start().await;
    let service = RegisteredClient::new("service").with_secret("5ecret-client");
    let exchange = TokenExchange::new("http://127.0.0.1:9/", service.clone(), "5ecret-id-token");
    let unauthorized = world.unauthorized(Reason::Missing, "Bearer");
    let by_assertion = ServiceTokens::builder(service.clone()).assertions(exchange);
    let by_assertion = by_assertion.build().unwrap();
    world.after(&by_assertion, None, &unauthorized).await.unwrap_err();
    let tokens = ServiceTokens::builder(service).build().unwrap();
    let token = world.after(&tokens, None, &unauthorized).await.unwrap().unwrap();
    let transport = HttpTransport::builder(world.endpoint().url().as_str());
    let transport = transport.token_source(tokens).build().unwrap();
    stateful_client(transport).list_tools().await.unwrap_err();
    let text = traced.finish();
    assert!(token.contains("5ecret") && text.contains("mcp_http::wire"), "{text}");
    assert_no_secrets(&text);
}
