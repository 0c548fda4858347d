//! Tests of the Responses API.

use async_openai::types::responses::OutputItem;
use insta::assert_snapshot;
use mcp_testkit::CallResult;
use relay::{Error, Provider};
use relay_async_openai::responses;
use serde_json::{Value, json};

use crate::{ALICE, BOB, alice, echo, lines, tool, tools};

/// Returns a model's output with these calls.
fn output(calls: &[(&str, Value)]) -> Vec<OutputItem> {
    let thought = json!({ "type": "reasoning", "id": "rs_1", "summary": [] });
    let call = |(name, arguments): &(&str, Value)| {
        let arguments = arguments.to_string();
        let id = format!("call_{name}");
        json!({ "type": "function_call", "call_id": id, "name": name, "arguments": arguments })
    };
    let items: Vec<_> = [thought].into_iter().chain(calls.iter().map(call)).collect();
    serde_json::from_value(json!(items)).expect("output")
}

#[tokio::test]
async fn tools_have_definitions_in_normal_and_strict_mode() {
    let (_server, _relay, toolset) = alice([echo()]).await;
    assert_snapshot!(lines(&responses::tools(toolset.iter())), @r#"{"type":"function","name":"relay__main__echo","parameters":{"type":"object","properties":{"days":{"type":"integer"}},"additionalProperties":false},"strict":false,"description":"Says it again"}"#);
    assert_snapshot!(lines(&responses::strict_tools(toolset.iter())), @r#"{"type":"function","name":"relay__main__echo","parameters":{"type":"object","properties":{"days":{"type":["integer","null"]}},"required":["days"],"additionalProperties":false},"strict":true,"description":"Says it again"}"#);
    // The arguments of strict mode are restored.
    let calls = responses::calls(&output(&[("relay__main__echo", json!({ "days": null }))]));
    let results = toolset.call_all(Provider::OpenAiResponsesStrict, calls).await;
    assert_eq!(results[0].result.as_ref().unwrap().text(), "{}");
}

#[tokio::test]
async fn results_are_texts_images_and_files() {
    let (_server, _relay, toolset) = alice(tools()).await;
    let names: Vec<_> = toolset.iter().map(|tool| tool.name().to_owned()).collect();
    let mut calls: Vec<_> = names.iter().map(|name| (name.as_str(), json!({}))).collect();
    calls.push(("relay__main__tekst", json!({})));
    let calls = responses::calls(&output(&calls));
    let results = toolset.call_all(Provider::OpenAiResponses, calls).await;
    assert_snapshot!(lines(&responses::results(&results).unwrap()), @r#"
    {"type":"function_call_output","call_id":"call_relay__main__text","output":"sunny"}
    {"type":"function_call_output","call_id":"call_relay__main__image","output":[{"type":"input_text","text":"a chart"},{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,aGk="}]}
    {"type":"function_call_output","call_id":"call_relay__main__pdf","output":[{"type":"input_file","file_data":"data:application/pdf;base64,aGk=","filename":"document.pdf"}]}
    {"type":"function_call_output","call_id":"call_relay__main__json","output":"{\"sum\":3}"}
    {"type":"function_call_output","call_id":"call_relay__main__failure","output":"ERROR: no such city"}
    {"type":"function_call_output","call_id":"call_relay__main__failed-image","output":[{"type":"input_text","text":"ERROR:"},{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,aGk="}]}
    {"type":"function_call_output","call_id":"call_relay__main__tekst","output":"ERROR: tool \"relay__main__tekst\" not found on any ready server; did you mean \"relay__main__text\"?"}
    "#);
}

#[tokio::test]
async fn an_authorization_error_is_not_a_result() {
    let (server, relay, toolset) = alice([tool("pay", CallResult::text("paid"))]).await;
    server.expire_token(ALICE);
    let calls = responses::calls(&output(&[("relay__main__pay", json!({}))]));
    let mut results = toolset.call_all(Provider::OpenAiResponses, calls).await;
    let Error::Authorization(error) = responses::results(&results).unwrap_err() else {
        panic!("{results:?}");
    };
    server.renew_token(ALICE, BOB);
    let pending_call = error.pending_call.expect("it did not run");
    results[0].result = relay.with_token(BOB).resume(pending_call).await;
    let converted = json!(responses::results(&results).unwrap());
    assert_eq!(converted[0]["output"], "paid");
}
