//! Tests of single tools.

use insta::assert_snapshot;
use mcp_testkit::{CallResult, On, Reply, TestTool};
use relay::Provider;
use relay_rig::{authorization, dynamic_tools};
use rig_core::tool::{ToolErrorKind, ToolExecutionError};
use serde_json::{Value, json};

use crate::{ALICE, alice, image, tool};

#[tokio::test]
async fn a_tool_has_the_schema_of_its_provider() {
    let schema = json!({
        "type": "object", "properties": { "days": { "type": "integer" } },
        "additionalProperties": false,
    });
    let echo = |arguments: &serde_json::Map<String, Value>| {
        CallResult::text(Value::from(arguments.clone()).to_string())
    };
    let echo = TestTool::new("echo", schema, echo).description("Says it again");
    let (_server, _relay, toolset) = alice([echo]).await;
    let strict = &dynamic_tools(Provider::OpenAiChatStrict, toolset.iter())[0];
    let definition = strict.definition();
    let shown = format!("{} ({})", definition.name, definition.description);
    assert_eq!(shown, "relay__main__echo (Says it again)");
    let expected = json!({
        "type": "object", "properties": { "days": { "type": ["integer", "null"] } },
        "required": ["days"], "additionalProperties": false,
    });
    assert_eq!(definition.parameters, expected);
    // The arguments of strict mode are restored.
    let output = strict.execute(json!({ "days": null })).await.unwrap();
    assert_eq!(output.as_text(), Some("{}"));
}

#[tokio::test]
async fn outputs_become_the_types_of_rig() {
    let text = json!({ "type": "text", "text": "a chart" });
    let audio = json!({ "type": "audio", "data": "aGk=", "mimeType": "audio/wav" });
    let tools = [
        tool("text", CallResult::text("sunny")),
        tool("image", CallResult::content([text, image()])),
        tool("audio", CallResult::content([audio])),
        tool("json", CallResult::structured(json!({ "sum": 3 }))),
        tool("nothing", CallResult::content([])),
        tool("failure", CallResult::tool_error("no such city")),
        tool("failed-image", CallResult::content([image()]).member("isError", true)),
    ];
    let (server, _relay, toolset) = alice(tools).await;
    let mut shown = String::new();
    for tool in dynamic_tools(Provider::Anthropic, toolset.iter()) {
        let content = match tool.execute(json!({})).await {
            Ok(output) => json!(output),
            Err(error) => json!({ "failed": error.model_output(), "kind": error.kind() }),
        };
        shown += &format!("{}: {content}\n", &tool.name().as_str()[13..]);
    }
    assert_eq!(server.violations(), Vec::<String>::new());
    assert_snapshot!(shown, @r#"
    text: [{"type":"text","text":"sunny"}]
    image: [{"type":"text","text":"a chart"},{"type":"image","data":{"type":"base64","value":"aGk="},"media_type":"png"}]
    audio: [{"type":"text","text":"[Audio data available]"}]
    json: [{"type":"json","value":{"sum":3}}]
    nothing: [{"type":"text","text":"Tool executed successfully"}]
    failure: {"failed":[{"type":"text","text":"no such city"}],"kind":"other"}
    failed-image: {"failed":[{"type":"text","text":"[Image data available]"}],"kind":"other"}
    "#);
}

/// Returns what rig knows about an error, and the text for the model.
fn feedback(error: &ToolExecutionError) -> String {
    let (kind, retryable) = (error.kind(), error.retryable());
    format!("{kind} (retryable: {retryable:?}): {}\n", error.model_feedback().unwrap_or_default())
}

#[tokio::test]
async fn errors_have_feedback_for_the_model() {
    let schema = json!({ "type": "object", "required": ["city"] });
    let forecast = TestTool::new("forecast", schema, |_| CallResult::text("sunny"));
    let (server, _relay, toolset) = alice([forecast]).await;
    let forecast = &dynamic_tools(Provider::Anthropic, toolset.iter())[0];
    let mut shown = String::new();
    for arguments in [json!({}), json!("Rome")] {
        shown += &feedback(&forecast.execute(arguments).await.unwrap_err());
    }
    server.script(On::method("tools/call"), Reply::status(500));
    let error = forecast.execute(json!({ "city": "Rome" })).await.unwrap_err();
    shown += &feedback(&error);
    assert!(error.downcast_ref::<relay::Error>().is_some_and(|error| !error.did_not_run()));
    assert_snapshot!(shown, @r#"
    invalid_args (retryable: Some(false)): server "main": tool "forecast": invalid arguments: missing required argument "city"
    invalid_args (retryable: Some(false)): server "main": tool "forecast": invalid arguments: expected a JSON object
    provider (retryable: Some(false)): server "main": tool "forecast": HTTP status 500; the call may have run
    "#);
}

#[tokio::test]
async fn authorization_finds_the_error() {
    let (server, _relay, toolset) = alice([tool("pay", CallResult::text("paid"))]).await;
    let pay = &dynamic_tools(Provider::Anthropic, toolset.iter())[0];
    server.expire_token(ALICE);
    let error = pay.execute(json!({})).await.unwrap_err();
    let sign_in = authorization(&error).expect("an authorization error");
    assert_eq!((&*sign_in.server, sign_in.did_not_run), ("main", true));
    assert!(sign_in.pending_call.is_some());
    assert_eq!(error.kind(), ToolErrorKind::PermissionDenied);
    // If an agent continues, its model does not see the error.
    assert_eq!(error.model_feedback(), Some("The tool cannot be called at the moment."));
    assert!(!format!("{error:?} {error}").contains(ALICE));
    let unrelated = ToolExecutionError::permission_denied("not today");
    assert!(authorization(&unrelated).is_none());
}
