//! A chat with async-openai and the tools of a server that requires a user's token. It stops when
//! the user must sign in.
//!
//! The model is scripted, and everything runs on this machine. Run it in `adapters` with
//! `cargo run --all-features --example chat`.

#![expect(clippy::print_stdout, reason = "the example prints its progress")]

use std::error::Error;

use async_openai::{
    Client,
    config::OpenAIConfig,
    types::chat::{
        ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
        ChatCompletionRequestUserMessage, CreateChatCompletionRequest,
    },
};
use mcp_testkit::{Bearer, CallResult, TestServer, TestTool};
use relay::{Provider, Relay, Server, Toolset};
use relay_async_openai::chat;
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
    let openai = OpenAIConfig::new().with_api_key("key").with_api_base(model.uri());
    let openai = Client::with_config(openai).with_http_client(http);

    let answer = run_turn(&openai, &toolset, "Do I need an umbrella in Rome?").await?;
    println!("the model: {answer}");
    assert_eq!(answer, "Yes.");
    let sent = model.received_requests().await.unwrap_or_default();
    let conversation: Value = sent.last().ok_or("a request")?.body_json()?;
    let (tool, message) = (&conversation["tools"][0]["function"], &conversation["messages"][2]);
    assert_eq!(tool["name"], "relay__weather__forecast");
    let result = json!({ "role": "tool", "tool_call_id": "call_1", "content": "rain in Rome" });
    assert_eq!(message, &result);

    // The token expires. The application gets the error, and the model gets no request.
    server.expire_token("alice-token");
    let stopped = run_turn(&openai, &toolset, "And tomorrow in Rome?").await;
    let error = stopped.err().ok_or("an authorization error")?;
    println!("the application: {error}");
    let error = error.downcast::<relay::Error>()?;
    assert!(error.authorization().is_some_and(|error| error.pending_call.is_some()));
    let received = model.received_requests().await.unwrap_or_default().len();
    assert_eq!(received, sent.len() + 1);
    Ok(())
}

/// Sends one message of the user, runs the tool calls of the model, and returns the final answer.
async fn run_turn(
    openai: &Client<OpenAIConfig>,
    toolset: &Toolset,
    prompt: &str,
) -> Result<String, Box<dyn Error>> {
    let mut messages: Vec<ChatCompletionRequestMessage> =
        vec![ChatCompletionRequestUserMessage::from(prompt).into()];
    loop {
        let request = CreateChatCompletionRequest {
            model: "scripted".to_owned(),
            messages: messages.clone(),
            tools: Some(chat::tools(toolset.iter())),
            ..CreateChatCompletionRequest::default()
        };
        let response = openai.chat().create(request).await?;
        let message = response.choices.into_iter().next().ok_or("no choice")?.message;
        let results = toolset.call_all(Provider::OpenAiChat, chat::calls(&message)).await;
        if results.is_empty() {
            return Ok(message.content.unwrap_or_default());
        }
        let reply = ChatCompletionRequestAssistantMessage {
            content: message.content.map(Into::into),
            tool_calls: message.tool_calls,
            ..ChatCompletionRequestAssistantMessage::default()
        };
        messages.push(reply.into());
        messages.extend(chat::results(&results)?);
    }
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
