//! Tests with an agent and a scripted model.

use mcp_testkit::CallResult;
use relay::Provider;
use relay_rig::{SignIn, dynamic_tools};
use rig_agent::{Agent, AgentBuilder};
use rig_core::providers::openai::{OpenAIConfig, Route};
use rig_reqwest::{ReqwestClient, reqwest};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use crate::{ALICE, BOB, alice, image, tool};

/// Starts a model with OpenAI's Responses API that calls this tool until it has a result.
async fn model(tool: &'static str) -> MockServer {
    let model = MockServer::start().await;
    let respond = move |request: &Request| {
        let request: Value = request.body_json().expect("a request");
        let output = if request.to_string().contains("function_call_output") {
            let text = json!({ "type": "output_text", "text": "Done.", "annotations": [] });
            json!({ "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text] })
        } else {
            json!({ "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": tool, "arguments": "{}", "status": "completed" })
        };
        ResponseTemplate::new(200).set_body_json(json!({
            "id": "resp_1", "object": "response", "created_at": 0, "status": "completed",
            "model": "scripted", "output": [output],
        }))
    };
    Mock::given(any()).respond_with(respond).mount(&model).await;
    model
}

fn agent(model: &MockServer, toolset: &relay::Toolset) -> Agent {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let openai = OpenAIConfig::new("key").with_base_url(model.uri()).with_route(Route::Responses);
    let openai = openai.connect(ReqwestClient::from(http));
    let tools = dynamic_tools(Provider::OpenAiResponses, toolset.iter());
    AgentBuilder::new(openai.completion("gpt-5.2")).dynamic_tools(tools).build()
}

/// Returns the last request that the model received.
async fn last(model: &MockServer) -> Value {
    let sent = model.received_requests().await.expect("recorded requests");
    sent.last().expect("a request").body_json().expect("JSON")
}

#[tokio::test]
async fn the_model_sees_text_and_images() {
    let text = json!({ "type": "text", "text": "a chart" });
    let chart = tool("chart", CallResult::content([text, image()]));
    let (server, _relay, toolset) = alice([chart]).await;
    let model = model("relay__main__chart").await;
    let response = agent(&model, &toolset).prompt("Draw!").max_turns(2).await.unwrap();
    assert_eq!(response.output(), "Done.");
    let sent = last(&model).await;
    assert_eq!(sent["tools"][0]["name"], "relay__main__chart");
    let result = sent["input"].as_array().unwrap().last().unwrap();
    assert_eq!(result["call_id"], "call_1");
    assert_eq!(result["output"][0], json!({ "type": "input_text", "text": "a chart" }));
    assert_eq!(result["output"][1]["image_url"], "data:image/png;base64,aGk=");
    assert_eq!(server.count("tools/call"), 1);
    assert!(server.requests().iter().all(|request| request.bearer_token() == Some(ALICE)));
}

#[tokio::test]
async fn the_model_sees_an_error_of_the_tool() {
    let (_server, _relay, toolset) =
        alice([tool("find", CallResult::tool_error("no such city"))]).await;
    let model = model("relay__main__find").await;
    agent(&model, &toolset).prompt("Find!").max_turns(2).await.unwrap();
    let sent = last(&model).await;
    let result = sent["input"].as_array().unwrap().last().unwrap();
    assert!(result["output"].to_string().contains("no such city"), "{result}");
}

#[tokio::test]
async fn an_authorization_error_stops_the_run_before_the_model_sees_it() {
    let (server, relay, toolset) = alice([tool("pay", CallResult::text("paid"))]).await;
    let model = model("relay__main__pay").await;
    let agent = agent(&model, &toolset);
    server.expire_token(ALICE);
    let sign_in = SignIn::default();
    let error = agent.prompt("Pay!").add_hook(sign_in.clone()).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(ALICE));
    assert_eq!(model.received_requests().await.unwrap().len(), 1, "the model got a request");
    let errors = sign_in.take();
    assert_eq!((errors.len(), sign_in.take().len()), (1, 0));
    // The call runs after the user has signed in.
    server.renew_token(ALICE, BOB);
    let pending_call = errors[0].pending_call.clone().expect("it did not run");
    assert_eq!(relay.with_token(BOB).resume(pending_call).await.unwrap().text(), "paid");
    // A run that ends for another reason has no authorization error.
    let done = agent.prompt("Pay!").add_hook(sign_in.clone()).max_turns(0).await;
    assert!(done.is_err() && sign_in.take().is_empty());
}
