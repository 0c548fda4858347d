//! No trace shows a secret, at any level, whatever goes well or wrong.

use mcp_http::{HttpTransport, Reason};
use mcp_oauth::{RegisteredClient, ServiceTokens, TokenExchange};
use wiremock::ResponseTemplate;

use super::world::{World, refusal};
use crate::support::{Traced, assert_free_of_secrets, client};

#[tokio::test]
async fn no_secret_of_a_sign_in_is_in_the_traces() {
    // AUTH-05
    let traced = Traced::start();
    let world = World::living(Some(0), |_| {}).await;
    let application = world.application();
    let sign_in = world.begin(&application).await.unwrap();
    let (callback, state) = (world.callback(&sign_in), sign_in.pending.state().to_owned());
    application.finish(sign_in.pending, &callback).await.unwrap();
    let user = application.user("ann");
    // What the authorization server gives is echoed by the MCP server, and by itself.
    let echo = ResponseTemplate::new(400)
        .set_body_string(r#"{"error":"server_error","error_description":"sorry"}"#);
    world.next_answer(echo).await;
    world.token(&user).await.unwrap_err();
    world.token(&user).await.unwrap();
    let transport = HttpTransport::builder(world.endpoint().url().as_str());
    let transport = transport.token_source(user.clone()).build().unwrap();
    client(transport).list_tools().await.unwrap_err();
    world.next_answer(refusal("invalid_grant")).await;
    let unauthorized = world.unauthorized(Reason::Rejected, "Bearer error=invalid_token");
    let token = world.token(&user).await.unwrap();
    world.after(&user, token.as_deref(), &unauthorized).await.unwrap_err();
    user.sign_out(&world.endpoint()).await.unwrap();
    let text = traced.finish();
    assert!(text.contains("mcp_http::wire"), "nothing was traced: {text}");
    assert_free_of_secrets(&text);
    let verifier = world.posted().await[0]["code_verifier"].clone();
    assert!(!text.contains(&verifier) && !text.contains(&state), "{text}");
}

#[tokio::test]
async fn no_secret_of_a_service_is_in_the_traces() {
    let traced = Traced::start();
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
    client(transport).list_tools().await.unwrap_err();
    let text = traced.finish();
    assert!(token.contains("5ecret") && text.contains("mcp_http::wire"), "{text}");
    assert_free_of_secrets(&text);
}
