//! Tests of the Chat Completions API.

use async_openai::types::chat::ChatCompletionResponseMessage;
use insta::assert_snapshot;
use mcp_testkit::CallResult;
use relay::{Error, Provider};
use relay_async_openai::chat;
use serde_json::{Value, json};

use crate::{ALICE, BOB, alice, echo, lines, tool, tools};

/// Returns a model's message with these calls.
fn message(calls: &[(&str, Value)]) -> ChatCompletionResponseMessage {
    let call = |(name, arguments): &(&str, Value)| {
        let function = json!({ "name": name, "arguments": arguments.to_string() });
        json!({ "id": format!("call_{name}"), "type": "function", "function": function })
    };
    let calls: Vec<_> = calls.iter().map(call).collect();
    let message = json!({ "role": "assistant", "content": null, "tool_calls": calls });
    serde_json::from_value(message).expect("a message")
}

#[tokio::test]
async fn tools_have_definitions_in_normal_and_strict_mode() {
    let (_server, _relay, toolset) = alice([echo()]).await;
    assert_snapshot!(lines(&chat::tools(toolset.iter())), @r#"{"type":"function","function":{"name":"relay__main__echo","description":"Says it again","parameters":{"type":"object","properties":{"days":{"type":"integer"}},"additionalProperties":false}}}"#);
    assert_snapshot!(lines(&chat::strict_tools(toolset.iter())), @r#"{"type":"function","function":{"name":"relay__main__echo","description":"Says it again","parameters":{"type":"object","properties":{"days":{"type":["integer","null"]}},"required":["days"],"additionalProperties":false},"strict":true}}"#);
    // The arguments of strict mode are restored.
    let calls = chat::calls(&message(&[("relay__main__echo", json!({ "days": null }))]));
    let results = toolset.call_all(Provider::OpenAiChatStrict, calls).await;
    assert_eq!(results[0].result.as_ref().unwrap().text(), "{}");
}

#[tokio::test]
async fn results_are_texts() {
    let (_server, _relay, toolset) = alice(tools()).await;
    let names: Vec<_> = toolset.iter().map(|tool| tool.name().to_owned()).collect();
    let mut calls: Vec<_> = names.iter().map(|name| (name.as_str(), json!({}))).collect();
    calls.push(("relay__main__tekst", json!({})));
    let results = toolset.call_all(Provider::OpenAiChat, chat::calls(&message(&calls))).await;
    assert_snapshot!(lines(&chat::results(&results).unwrap()), @r#"
    {"role":"tool","content":"sunny","tool_call_id":"call_relay__main__text"}
    {"role":"tool","content":"a chart\n[Image data available]","tool_call_id":"call_relay__main__image"}
    {"role":"tool","content":"[Resource file:///a.pdf]","tool_call_id":"call_relay__main__pdf"}
    {"role":"tool","content":"{\"sum\":3}","tool_call_id":"call_relay__main__json"}
    {"role":"tool","content":"ERROR: no such city","tool_call_id":"call_relay__main__failure"}
    {"role":"tool","content":"ERROR: [Image data available]","tool_call_id":"call_relay__main__failed-image"}
    {"role":"tool","content":"ERROR: tool \"relay__main__tekst\" not found on any ready server; did you mean \"relay__main__text\"?","tool_call_id":"call_relay__main__tekst"}
    "#);
}

#[tokio::test]
async fn an_authorization_error_is_not_a_result() {
    let (server, relay, toolset) = alice([tool("pay", CallResult::text("paid"))]).await;
    server.expire_token(ALICE);
    let calls = chat::calls(&message(&[("relay__main__pay", json!({}))]));
    let mut results = toolset.call_all(Provider::OpenAiChat, calls).await;
    let Error::Authorization(error) = chat::results(&results).unwrap_err() else {
        panic!("{results:?}");
    };
    server.renew_token(ALICE, BOB);
    let pending_call = error.pending_call.expect("it did not run");
    results[0].result = relay.with_token(BOB).resume(pending_call).await;
    let converted = json!(chat::results(&results).unwrap());
    assert_eq!(converted[0]["content"], "paid");
}
