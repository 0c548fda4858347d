//! Prompts, and completion of arguments.

use insta::assert_snapshot;
use mcp_client::{
    CompletionRequest,
    mcp_types::v2026_07_28::{ContentBlock, Role},
};
use mcp_testkit::{CallResult, RecordedRequest, Step, TestPrompt, TestServer, TestServerBuilder};
use serde_json::json;

use crate::support::{PROTOCOL_VERSIONS, Script, describe_result, result, start_and_connect};

fn prompt_server() -> TestServerBuilder {
    let review = TestPrompt::new("review", |arguments| {
        let text = format!("Review {}", arguments["code"]);
        let picture = json!({ "type": "image", "data": "AAEC", "mimeType": "image/png" });
        CallResult::messages([
            json!({ "role": "user", "content": { "type": "text", "text": text } }),
            json!({ "role": "assistant", "content": picture }),
        ])
        .member("description", "A review")
    });
    let slow = TestPrompt::with_steps("slow", |context| match context.round() {
        0 => Step::retry(),
        _ => CallResult::messages([]).into(),
    });
    TestServer::builder().prompt(review.argument("code", true)).prompt(slow).completion(|params| {
        let number = if params["argument"]["value"] == "many" { 100 } else { 2 };
        (0..number).map(|number| format!("value {number}")).collect()
    })
}

#[tokio::test]
async fn prompts_are_listed_and_read() {
    // PROMPT-01, PROMPT-02, PROMPT-03, N-HTTP-05
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(prompt_server().page_size(1), revision).await;
        let prompts = client.list_prompts().await.unwrap().items;
        let names: Vec<_> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
        assert_eq!(names, ["review", "slow"]);
        assert_eq!(prompts[0].arguments.as_ref().unwrap()[0].name, "code");

        let review = client.get_prompt("review", json!({ "code": "fn" })).await.unwrap();
        assert_eq!(review.description.as_deref(), Some("A review"));
        let [sent, answered] = &review.messages[..] else { panic!("{review:?}") };
        assert!(matches!(&sent.content, ContentBlock::Text(it) if it.text == r#"Review "fn""#));
        assert!(matches!(answered.content, ContentBlock::Image(_)));
        assert_eq!((&sent.role, &answered.role), (&Role::User, &Role::Assistant));

        // N-MRTR-01: a prompt may require input
        assert_eq!(client.get_prompt("slow", ()).await.unwrap().messages, []);
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn prompt_arguments_must_be_strings() {
    // PROMPT-02
    let (server, client) = start_and_connect(prompt_server(), PROTOCOL_VERSIONS[0]).await;
    for arguments in [json!({ "code": 7 }), json!(["fn"]), json!("fn"), json!({ "code": null })] {
        let got = client.get_prompt("review", &arguments).await;
        assert!(
            describe_result(got).contains("\"prompts/get\": invalid parameters"),
            "{arguments}"
        );
    }
    assert_eq!(server.count("prompts/get"), 0);
    assert_snapshot!(describe_result(client.get_prompt("review", ()).await), @r#"
    "prompts/get" failed: Missing argument: code (code -32602)
    -> Rpc
    "#);
}

#[tokio::test]
async fn completion_sends_reference_argument_and_context() {
    // COMP-01, COMP-02
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(prompt_server(), revision).await;
        let of_prompt = CompletionRequest::for_prompt("review", "code", "va")
            .with_argument("a", "1")
            .with_argument("b", "2");
        let completion = client.complete(&of_prompt).await.unwrap();
        assert_eq!(completion.values, ["value 0", "value 1"]);
        let of_template = CompletionRequest::for_resource_template("users://{id}", "id", "many");
        assert_eq!(client.complete(&of_template).await.unwrap().values.len(), 100);
        let requests = server.requests();
        let sent = requests.iter().filter(|it| it.method() == "completion/complete");
        let sent = sent.filter_map(RecordedRequest::params).map(|params| {
            let members = ["ref", "argument", "context"];
            let shown = members.iter().filter_map(|it| params.get(*it)).map(ToString::to_string);
            shown.collect::<Vec<_>>().join(" ")
        });
        let sent: Vec<_> = sent.collect();
        let expected = [
            r#"{"type":"ref/prompt","name":"review"} {"name":"code","value":"va"} {"arguments":{"a":"1","b":"2"}}"#,
            r#"{"type":"ref/resource","uri":"users://{id}"} {"name":"id","value":"many"}"#,
        ];
        assert_eq!(sent, expected);
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn completion_returns_at_most_100_values() {
    // COMP-02, N-COMP-01
    let opening = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": { "completions": {} },
        "serverInfo": { "name": "peer", "version": "1" },
    });
    for (number, more) in [(100, None), (101, Some(true))] {
        let values: Vec<_> = (0..number).map(|number| number.to_string()).collect();
        let server = Script::new()
            .on("initialize", result(&opening))
            .on("completion/complete", result(&json!({ "completion": { "values": values } })))
            .start()
            .await;
        let argument = CompletionRequest::for_prompt("a", "b", "");
        let completion = server.client().complete(&argument).await.unwrap();
        assert_eq!((completion.values.len(), completion.has_more), (100, more));
    }
}
