//! An agent of rig with the tools of a server that requires a user's token. The run stops when the
//! user must sign in.
//!
//! The model is scripted, and everything runs on this machine. Run it in `adapters` with
//! `cargo run --all-features --example agent`.

#![expect(clippy::print_stdout, reason = "the example prints its progress")]

use std::error::Error;

use mcp_testkit::{Bearer, CallResult, TestServer, TestTool};
use relay::{Provider, Relay, Server};
use relay_rig::{SignIn, dynamic_tools};
use rig_agent::AgentBuilder;
use rig_core::providers::openai::{OpenAIConfig, Route};
use rig_reqwest::{ReqwestClient, reqwest};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_string_contains, path},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (server, model) = (weather().await?, scripted().await);
    let relay = Relay::builder().server("weather", Server::http(server.url())).build()?;
    let toolset = relay.with_token("alice-token").toolset().required(["weather"]).await?;

    // No proxy and no certificates: the model is on this machine.
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let openai = OpenAIConfig::new("key").with_base_url(model.uri()).with_route(Route::Chat);
    let openai = openai.connect(ReqwestClient::from(http));
    let tools = dynamic_tools(Provider::OpenAiChat, toolset.iter());
    let agent = AgentBuilder::new(openai.completion("scripted")).dynamic_tools(tools).build();

    let response = agent.prompt("Do I need an umbrella in Rome?").max_turns(2).await?;
    println!("the model: {}", response.output());
    assert_eq!(response.output(), "Yes.");
    let sent = model.received_requests().await.unwrap_or_default();
    let last = |sent: &[wiremock::Request]| sent.last()?.body_json::<Value>().ok();
    let conversation = last(&sent).ok_or("a request")?;
    let (tool, result) = (&conversation["tools"][0]["function"], &conversation["messages"][2]);
    assert_eq!(tool["name"], "relay__weather__forecast");
    assert_eq!(result["tool_call_id"], "call_1");
    assert_eq!(result["content"], "rain in Rome");

    // The token expires. The run stops, and the model gets no request.
    server.expire_token("alice-token");
    let sign_in = SignIn::default();
    let run = agent.prompt("And tomorrow in Rome?").add_hook(sign_in.clone()).await;
    let errors = sign_in.take();
    println!("the application: {}", errors[0]);
    assert!(run.is_err() && errors[0].pending_call.is_some());
    let received = model.received_requests().await.unwrap_or_default().len();
    assert_eq!(received, sent.len() + 1);
    Ok(())
}

/// Starts a server that accepts Alice's token.
async fn weather() -> Result<TestServer, mcp_testkit::Error> {
    let schema = json!({
        "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"],
    });
    let forecast = TestTool::new("forecast", schema, |arguments| {
        let city = arguments.get("city").and_then(Value::as_str).unwrap_or("nowhere");
        CallResult::text(format!("rain in {city}"))
    });
    TestServer::builder().bearer(Bearer::tokens(["alice-token"])).tool(forecast).start().await
}

/// Starts a model that calls the weather tool, then responds with the result.
async fn scripted() -> MockServer {
    let model = MockServer::start().await;
    let response = |message: Value| {
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let body = json!({ "id": "1", "object": "chat.completion", "created": 0, "model": "scripted", "choices": [choice] });
        ResponseTemplate::new(200).set_body_json(body)
    };
    let function = json!({ "name": "relay__weather__forecast", "arguments": r#"{"city":"Rome"}"# });
    let call = json!({ "id": "call_1", "type": "function", "function": function });
    let with_call = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
    let with_answer = json!({ "role": "assistant", "content": "Yes." });
    let completions = || Mock::given(path("/chat/completions"));
    completions()
        .and(body_string_contains("rain in"))
        .respond_with(response(with_answer))
        .mount(&model)
        .await;
    completions().respond_with(response(with_call)).with_priority(9).mount(&model).await;
    model
}
