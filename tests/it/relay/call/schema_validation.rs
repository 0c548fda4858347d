//! Validation of arguments and results against the schemas of their tools.

use insta::assert_snapshot;
use relay::{Error, Server, ServerTools};
use serde_json::{Value, json};

use crate::relay::support::relay_with;
use crate::support::{Script, ScriptedServer, describe_result, result};

/// A server with one tool that has these schemas and returns this result.
async fn server(input: Value, output: Value, returned: Value) -> ScriptedServer {
    let tool = json!({ "name": "add", "inputSchema": input, "outputSchema": output });
    let list = result(&json!({ "tools": [tool] }));
    Script::new().on("tools/list", list).on("tools/call", result(&returned)).start().await
}

async fn tools(server: &ScriptedServer, checks: bool) -> ServerTools {
    let relay = relay_with(Server::http(server.url()).validate_schemas(checks));
    relay.tools("main").await.expect("a list")
}

fn schema() -> Value {
    json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "required": ["a"] })
}

#[tokio::test]
async fn invalid_arguments_are_not_sent() {
    // SCHEMA-04: only clear violations are rejected
    let server = server(schema(), Value::Null, json!({ "content": [] })).await;
    let of_checked = tools(&server, true).await;
    assert_snapshot!(describe_result(of_checked.call("add", json!({ "a": "5ecret" })).await), @r#"
    server "main": tool "add": invalid arguments: "/a": expected an integer, got a string
    -> InvalidArguments, did not run
    "#);
    assert_snapshot!(describe_result(of_checked.call("add", ()).await), @r#"
    server "main": tool "add": invalid arguments: missing required argument "a"
    -> InvalidArguments, did not run
    "#);
    assert_eq!(server.requests_of("tools/call").await.len(), 0);
    of_checked.call("add", json!({ "a": 1, "more": true })).await.unwrap();
    tools(&server, false).await.call("add", json!({ "a": "x" })).await.unwrap();
    assert_eq!(server.requests_of("tools/call").await.len(), 2);
}

#[tokio::test]
async fn invalid_structured_output_is_an_error_that_keeps_the_output() {
    // TOOL-16, TOOL-17
    let object = json!({ "type": "object" });
    for (returned, is_valid) in [
        (json!({ "content": [], "structuredContent": { "a": 1 } }), true),
        (json!({ "content": [], "structuredContent": { "a": "5ecret" } }), false),
        (json!({ "content": [{ "type": "text", "text": "5ecret" }] }), false),
        (json!({ "content": [{ "type": "text", "text": "no" }], "isError": true }), true),
    ] {
        let server = server(object.clone(), schema(), returned.clone()).await;
        let called = tools(&server, true).await.call("add", ()).await;
        match called {
            Ok(_) => assert!(is_valid, "{returned}"),
            Err(Error::InvalidOutput(invalid)) => {
                assert!(!is_valid, "{returned}");
                let structured = returned.get("structuredContent").cloned();
                assert_eq!(invalid.output.structured_content, structured);
                let shown = describe_result::<()>(Err(Error::InvalidOutput(invalid)));
                assert!(shown.starts_with(r#"server "main": tool "add": invalid result: "#));
                assert!(!shown.contains("did not run"));
            }
            other => panic!("{other:?}"),
        }
        assert!(tools(&server, false).await.call("add", ()).await.is_ok());
    }
}

#[tokio::test]
async fn unknown_schema_dialect_is_an_error_before_the_call() {
    // SCHEMA-03, N-BASE-10
    let unknown = json!({ "$schema": "https://a.example/dialect", "type": "object" });
    let returned = json!({ "content": [], "structuredContent": { "a": 1 } });
    for (input, output) in [(unknown.clone(), Value::Null), (schema(), unknown)] {
        let server = server(input, output, returned.clone()).await;
        let error =
            describe_result(tools(&server, true).await.call("add", json!({ "a": 1 })).await);
        assert_eq!(
            error,
            "server \"main\": tool \"add\": schema dialect \"https://a.example/dialect\" is not \
             supported\n-> ToolCall, did not run",
        );
        assert_eq!(server.requests_of("tools/call").await.len(), 0);
        tools(&server, false).await.call("add", json!({ "a": 1 })).await.unwrap();
    }
}

#[tokio::test]
async fn schemas_that_cannot_be_evaluated_do_not_block_calls() {
    // N-BASE-11, JSON Schema 2020-12: nothing is fetched, and hostile schemas take bounded work
    let deep = (0..120).fold(json!({}), |schema, _| json!({ "allOf": [schema] }));
    for property in [
        json!({ "$ref": "http://127.0.0.1:9/schema.json" }),
        json!({ "$ref": "file:///etc/passwd" }),
        json!({ "$ref": "#" }),
        json!({ "pattern": "(a+)+$" }),
        deep,
    ] {
        let input = json!({ "type": "object", "properties": { "a": property } });
        let server = server(input, Value::Null, json!({ "content": [] })).await;
        tools(&server, true)
            .await
            .call("add", json!({ "a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" }))
            .await
            .unwrap_or_default();
        let large = json!({ "type": "object", "x": "y".repeat(300_000), "required": ["b"] });
        let server = self::server(large, Value::Null, json!({ "content": [] })).await;
        tools(&server, true).await.call("add", ()).await.unwrap();
    }
}
