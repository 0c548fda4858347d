//! Tool calls of a model, and the results that it receives.

use std::iter;

use insta::assert_snapshot;
use mcp_testkit::{Barrier, Bearer, CallResult, Fault, On, Reply, TestServer, TestTool};
use relay::{AccessToken, Error, Provider, Relay, Server, ToolCall, ToolCallResult, User};
use serde_json::{Value, json};

use super::support::{PROVIDERS, model_response, tool, tool_calls, toolset};
use crate::{
    relay::support::relay_with,
    support::{ALICE, BOB, assert_no_secrets, describe_error},
};

/// A tool that returns its arguments.
fn echo(schema: Value) -> TestTool {
    TestTool::new("echo", schema, |arguments| {
        CallResult::text(Value::from(arguments.clone()).to_string())
    })
}

#[tokio::test]
async fn tool_calls_have_results_in_order() {
    let (server, toolset) = toolset([echo(json!({ "type": "object" }))]).await;
    let echo = "relay__main__echo";
    for provider in PROVIDERS {
        let calls = [
            ("a", echo, json!({ "n": 1 })),
            ("b", echo, json!({})),
            ("c", echo, json!({ "n": 3 })),
        ];
        let called = toolset.call_all(provider, tool_calls(provider, &calls)).await;
        let of = |called: &ToolCallResult| {
            let text = called.result.as_ref().unwrap().text();
            (called.call.id.clone(), text)
        };
        let expected = [("a", r#"{"n":1}"#), ("b", "{}"), ("c", r#"{"n":3}"#)];
        let expected = expected.map(|(id, text)| (id.to_owned(), text.to_owned()));
        assert_eq!(called.iter().map(of).collect::<Vec<_>>(), expected, "{provider:?}");
        // The tools of one server give the same results, and so does the message alone.
        let message = match provider {
            Provider::OpenAiChat => "/choices/0/message",
            Provider::Gemini => "/candidates/0/content",
            Provider::Bedrock => "/output/message",
            _ => "",
        };
        let message = model_response(provider, &calls).pointer(message).unwrap().clone();
        let again = toolset.ready[0].call_all(provider, provider.tool_calls(&message)).await;
        assert_eq!(again.iter().map(of).collect::<Vec<_>>(), expected, "{provider:?}");
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn all_results_form_one_turn() {
    let (_server, toolset) = toolset([tool("add", CallResult::text("3"))]).await;
    let mut shown = String::new();
    for provider in PROVIDERS {
        let calls = ["a", "b"].map(|id| (id, "relay__main__add", json!({})));
        let called = toolset.call_all(provider, tool_calls(provider, &calls)).await;
        for message in provider.tool_results(&called).unwrap() {
            shown += &format!("{provider:?}: {message}\n");
        }
        assert_eq!(provider.tool_results(&[]).unwrap(), Vec::<Value>::new());
        assert!(toolset.call_all(provider, tool_calls(provider, &[])).await.is_empty());
    }
    assert_snapshot!(shown, @r#"
    OpenAiChat: {"role":"tool","tool_call_id":"a","content":"3"}
    OpenAiChat: {"role":"tool","tool_call_id":"b","content":"3"}
    OpenAiResponses: {"type":"function_call_output","call_id":"a","output":"3"}
    OpenAiResponses: {"type":"function_call_output","call_id":"b","output":"3"}
    Anthropic: {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"3"}],"is_error":false},{"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"3"}],"is_error":false}]}
    Gemini: {"role":"user","parts":[{"functionResponse":{"name":"relay__main__add","response":{"output":"3"},"id":"a"}},{"functionResponse":{"name":"relay__main__add","response":{"output":"3"},"id":"b"}}]}
    Bedrock: {"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"3"}]}},{"toolResult":{"toolUseId":"b","content":[{"text":"3"}]}}]}
    "#);
}

#[tokio::test]
async fn tool_calls_run_concurrently_up_to_a_limit() {
    let (server, toolset) = toolset([tool("slow", CallResult::text("done"))]).await;
    let barrier = Barrier::new();
    server.script(On::method("tools/call").first(16), Fault::Hold(barrier.clone()));
    let calls = vec![("a", "relay__main__slow", json!({})); 20];
    let calls = tool_calls(Provider::Anthropic, &calls);
    let open = async {
        barrier.wait_for_arrivals(16).await;
        // This call is not held, unlike the others.
        toolset.call("relay__main__slow", json!({})).await.unwrap();
        assert_eq!(server.count("tools/call"), 17);
        barrier.open();
    };
    let (called, ()) = tokio::join!(toolset.call_all(Provider::Anthropic, calls), open);
    assert_eq!(called.len(), 20);
    assert!(called.iter().all(|called| called.result.is_ok()));
}

#[tokio::test]
async fn arguments_are_restored_from_the_provider_schema() {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "days": { "type": "integer" } },
        "required": ["city"],
        "additionalProperties": false,
    });
    let (_server, toolset) = toolset([echo(schema)]).await;
    let calls = [("a", "relay__main__echo", json!({ "city": "Rome", "days": null }))];
    let strict = Provider::OpenAiChatStrict;
    let called = toolset.call_all(strict, tool_calls(strict, &calls)).await;
    assert_eq!(called[0].result.as_ref().unwrap().text(), r#"{"city":"Rome"}"#);
    // Without strict mode, the tool does not accept null.
    let plain = Provider::OpenAiChat;
    let called = toolset.call_all(plain, tool_calls(plain, &calls)).await;
    assert!(matches!(called[0].result, Err(Error::InvalidArguments { .. })));
}

#[tokio::test]
async fn errors_are_reported_to_the_model() {
    let schema = json!({ "type": "object", "required": ["city"] });
    let (server, toolset) = toolset([echo(schema), tool("lost", CallResult::text("done"))]).await;
    server.script(On::method("tools/call"), Reply::status(503));
    let arguments = [
        ("echo", json!("{\"city\": ")),
        ("echo", json!([1])),
        ("echo", json!({})),
        ("ecko", json!({})),
        ("lost", json!({})),
    ];
    let mut shown = String::new();
    for (tool, arguments) in arguments {
        let call = ToolCall::new("call_1", format!("relay__main__{tool}"), arguments);
        let outcome = toolset.call_from_provider(Provider::Anthropic, &call).await;
        shown += &describe_error(outcome.as_ref().unwrap_err());
        let results =
            Provider::Anthropic.tool_results(&[ToolCallResult::new(call, outcome)]).unwrap();
        shown += &format!("\n{}\n", results[0]["content"][0]);
    }
    assert_snapshot!(shown, @r#"
    server "main": tool "echo": invalid arguments: expected a JSON object
    -> InvalidArguments, did not run
    {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"server \"main\": tool \"echo\": invalid arguments: expected a JSON object"}],"is_error":true}
    server "main": tool "echo": invalid arguments: expected a JSON object
    -> InvalidArguments, did not run
    {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"server \"main\": tool \"echo\": invalid arguments: expected a JSON object"}],"is_error":true}
    server "main": tool "echo": invalid arguments: missing required argument "city"
    -> InvalidArguments, did not run
    {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"server \"main\": tool \"echo\": invalid arguments: missing required argument \"city\""}],"is_error":true}
    tool "relay__main__ecko" not found on any ready server; did you mean "relay__main__echo"?
    -> UnknownTool, did not run
    {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"tool \"relay__main__ecko\" not found on any ready server; did you mean \"relay__main__echo\"?"}],"is_error":true}
    server "main": tool "lost": HTTP status 503; the call may have run
      [server]/mcp returned HTTP status 503 Service Unavailable
    -> OutcomeUnknown Status(503)
    {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"server \"main\": tool \"lost\": HTTP status 503; the call may have run"}],"is_error":true}
    "#);
}

#[tokio::test]
async fn openai_arguments_are_parsed_or_kept_as_text() {
    let call = |arguments: Value| {
        let function = json!({ "name": "t", "arguments": arguments });
        let custom =
            json!({ "id": "b", "type": "custom", "custom": { "name": "t", "input": "x" } });
        let calls = json!([{ "id": "a", "type": "function", "function": function }, custom]);
        Provider::OpenAiChat.tool_calls(&json!({ "role": "assistant", "tool_calls": calls }))
    };
    let read = |arguments| call(arguments)[0].arguments.clone();
    assert_eq!(read(json!(r#"{"a":1}"#)), json!({ "a": 1 }));
    assert_eq!(read(json!("")), json!({}));
    assert_eq!(read(Value::Null), json!({}));
    assert_eq!(read(json!("{\"a\":")), json!("{\"a\":"));
    // Deeply nested text is not parsed as JSON either.
    let deep: String = iter::repeat_n('[', 100_000).collect();
    assert_eq!(read(json!(deep)), json!(deep));
    assert_eq!(call(json!("{}")).len(), 1, "a custom tool is not ours");
    for provider in Provider::ALL {
        for none in
            [json!(null), json!([]), json!({ "content": "text", "choices": [], "output": 1 })]
        {
            assert_eq!(provider.tool_calls(&none), [], "{provider:?}");
        }
    }
}

/// A server that accepts only Alice's token.
async fn server_for_alice() -> TestServer {
    let bearer = Bearer::tokens([ALICE]);
    let tool = tool("pay", CallResult::text("paid"));
    TestServer::builder().bearer(bearer).tool(tool).start().await.expect("a free port")
}

fn alice(relay: &Relay, token: &str) -> User {
    relay.for_user("alice", AccessToken::new(token))
}

#[tokio::test]
async fn authorization_error_is_not_sent_to_the_model() {
    for provider in PROVIDERS {
        let server = server_for_alice().await;
        let relay = relay_with(Server::http(server.url()));
        let tools = alice(&relay, ALICE).tools("main").await.unwrap();
        server.expire_token(ALICE);
        let calls = [("a", "relay__main__pay", json!({})), ("b", "relay__main__pray", json!({}))];
        let mut called = tools.call_all(provider, tool_calls(provider, &calls)).await;
        let error = provider.tool_results(&called).unwrap_err();
        let Error::Authorization(authorization) = &error else { panic!("{error:?}") };
        assert!(error.to_tool_output().is_none());
        assert_no_secrets(&format!("{error:?} {called:?}"));
        // After the user has signed in, the call is resumed and the conversation continues.
        server.renew_token(ALICE, BOB);
        let pending = authorization.pending_call.clone().expect("it did not run");
        called[0].result = alice(&relay, BOB).resume(pending).await;
        let results = provider.tool_results(&called).unwrap();
        let text = json!(results).to_string();
        assert!(text.contains("paid") && text.contains("not found"), "{text}");
    }
}
