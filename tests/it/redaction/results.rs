//! Results that contain the secrets of the request. The caller gets them unchanged, but errors, logs
//! and the reasons of invalid entries show no secret.

use std::time::Duration;

use mcp_client::{Client, CompletionRequest, mcp_types::Revision};
use mcp_http::{HttpTransport, SseTransport};
use mcp_stdio::StdioTransport;
use relay::{Relay, Server};
use serde_json::json;

use super::{
    echoes::{CALL_HEADER, HEADER, QUERY, SESSION, TOKEN, options, transport},
    spelling::{assert_contains_none, spellings},
    support::{Answer, Output, RawServer, http},
};
use crate::support::{
    PROTOCOL_VERSIONS, Script, client_with_version, initialize_response, sse, with_timeout,
};

/// The methods, and the results with a secret in place of each `$text`.
const RESULTS: [(&str, &str); 17] = [
    ("tools/list", r#"{"tools":[{"name":"$text"}]}"#),
    ("tools/list", r#"{"tools":[{"name":1,"inputSchema":{"$text":"$text"},"title":["$text"]}]}"#),
    ("tools/list", r#"{"tools":[{"name":"a","inputSchema":{},"$text":1,"$text":2}]}"#),
    ("tools/list", r#"{"tools":"$text"}"#),
    ("tools/list", r#"{"tools":[],"nextCursor":"$text"}"#),
    ("tools/list", r#"{"tools":[],"resultType":"$text"}"#),
    ("tools/call", r#"{"content":[],"resultType":"$text"}"#),
    ("tools/call", r#"{"content":[{"type":"text","text":["$text"]}]}"#),
    ("tools/call", r#"{"content":[],"_meta":{"$text":1,"$text":"$text"}}"#),
    (
        "tools/call",
        r#"{"resultType":"input_required","inputRequests":{"$text":{"method":"$text"}}}"#,
    ),
    ("prompts/list", r#"{"prompts":[{"name":"$text","arguments":"$text"}]}"#),
    ("prompts/get", r#"{"messages":[{"role":"$text","content":"$text"}]}"#),
    ("resources/list", r#"{"resources":[{"uri":"$text"}]}"#),
    ("resources/templates/list", r#"{"resourceTemplates":[{"uriTemplate":"$text"}]}"#),
    ("resources/read", r#"{"contents":[{"uri":"$text","$text":1,"$text":2}]}"#),
    ("completion/complete", r#"{"completion":{"values":"$text"}}"#),
    ("completion/complete", r#"{"$text":1,"$text":2}"#),
];

/// Calls a method. Returns the error, or the reasons of the invalid entries.
async fn output(client: Client, method: &str) -> Output {
    let call = async {
        Ok::<_, mcp_client::Error>(match method {
            "tools/list" => format!("{:?}", client.list_tools().await?.invalid),
            "tools/call" => client.call_tool("a", ()).await.map(|_| String::new())?,
            "prompts/list" => format!("{:?}", client.list_prompts().await?.invalid),
            "prompts/get" => client.get_prompt("a", json!({})).await.map(|_| String::new())?,
            "resources/list" => format!("{:?}", client.list_resources().await?.invalid),
            "resources/templates/list" => {
                format!("{:?}", client.list_resource_templates().await?.invalid)
            }
            "resources/read" => client.read_resource("a:b").await.map(|_| String::new())?,
            "completion/complete" => {
                let request = CompletionRequest::for_prompt("a", "b", "c");
                client.complete(&request).await.map(|_| String::new())?
            }
            other => panic!("no method {other:?}"),
        })
    };
    with_timeout(Output::of_shown(call)).await
}

/// Checks all results with every `step`th spelling of the secrets.
async fn check(
    name: &str,
    step: usize,
    secrets: &[&str],
    client: impl AsyncFn(&str) -> (Client, Box<dyn Send>),
) {
    for (spelling, spell) in spellings().into_iter().step_by(step) {
        let text = secrets.iter().map(|secret| spell(secret)).collect::<Vec<_>>().join(" ");
        for (method, result) in RESULTS {
            let (client, _server) = client(&result.replace("$text", &text)).await;
            let output = output(client, method).await;
            for (form, text) in output.texts() {
                let what = format!("{name}, {spelling}, {method}, {result}, {form}");
                assert_contains_none(text, secrets, &what);
            }
        }
    }
}

fn response(result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":$id,"result":{result}}}"#)
}

#[tokio::test]
async fn no_secret_in_a_result_over_streamable_http_comes_out() {
    // AUTH-05
    for revision in PROTOCOL_VERSIONS {
        let session = (revision == Revision::V2025_11_25).then_some(SESSION);
        let secrets: Vec<_> =
            [TOKEN, HEADER, CALL_HEADER, QUERY].into_iter().chain(session).collect();
        for is_event in [false, true] {
            check(revision.as_str(), 4, &secrets, async |result| {
                let message = response(result);
                let response = match is_event {
                    true => {
                        http("200 OK", "", "text/event-stream", &format!("data: {message}\n\n"))
                    }
                    false => http("200 OK", "", "application/json", &message),
                };
                let server = RawServer::start(Answer::Http, SESSION, response).await;
                let client = client_with_version(transport(&server), revision);
                (client.with_options(options()), Box::new(server) as _)
            })
            .await;
        }
    }
}

#[tokio::test]
async fn no_secret_in_a_result_over_http_sse_comes_out() {
    // AUTH-05
    let secrets = [TOKEN, HEADER, CALL_HEADER, QUERY, SESSION];
    check("HTTP+SSE", 4, &secrets, async |result| {
        let event = format!("data: {}\n\n", response(result));
        let server = RawServer::start(Answer::Event, SESSION, event).await;
        let transport = SseTransport::new(transport(&server));
        let client = client_with_version(transport, Revision::V2025_11_25);
        (client.with_options(options()), Box::new(server) as _)
    })
    .await;
}

/// A batch with a result stays unchanged, and so does a text in it that is not a message.
#[tokio::test]
async fn no_secret_in_a_text_of_a_batch_with_a_result_comes_out() {
    // AUTH-05
    for spelling in [TOKEN.to_owned(), TOKEN.replace('/', "\\/")] {
        let batch = format!(r#"[{{"jsonrpc":"2.0","id":77,"result":{{}}}},"a {spelling}"]"#);
        let script = Script::new().on("initialize", initialize_response("2025-03-26"));
        let server = script.on("tools/call", sse(&format!("data: {batch}\n\n"))).start().await;
        let transport = HttpTransport::builder(server.url()).bearer_token(TOKEN).build();
        let client = Client::new(transport.expect("a usable URL"));
        let output = output(client, "tools/call").await;
        assert!(output.display.contains("got the text") && output.display.contains("****"));
        for (form, text) in output.texts() {
            assert_contains_none(text, &[TOKEN], form);
        }
    }
}

#[tokio::test]
async fn no_secret_in_a_result_of_a_child_process_comes_out() {
    // AUTH-05
    const VARIABLE: &str = "v4riable+/=~of";
    /// Responds to every request in the same way.
    const PROGRAM: &str = r#"while read -r request; do
        id=${request#*\"id\":}; id=${id%%,*}
        printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"
    done"#;
    check("stdio", 5, &[VARIABLE], async |result| {
        let transport = StdioTransport::builder("/bin/sh")
            .args(["-c", PROGRAM, "sh", result])
            .env("KEY", VARIABLE)
            .shutdown_timeout(Duration::from_millis(300))
            .build();
        (client_with_version(transport, Revision::V2026_07_28), Box::new(()) as _)
    })
    .await;
}

#[tokio::test]
async fn no_secret_in_a_tool_list_comes_out_of_relay() {
    // AUTH-05
    for (spelling, spell) in spellings().into_iter().step_by(3) {
        let text = spell(TOKEN).replace('"', "\\\"");
        let tools = format!(
            r#"{{"tools":[{{"name":"{text}"}},{{"name":"tool-{text}","inputSchema":{{"type":"object","required":["{text}"]}}}}]}}"#
        );
        let response = http("200 OK", "", "application/json", &response(&tools));
        let server = RawServer::start(Answer::Http, SESSION, response).await;
        let settings = Server::http(&server.url).protocol_version(Revision::V2025_11_25);
        let relay = Relay::builder().server("main", settings).build().expect("valid settings");
        let user = relay.with_token(TOKEN);
        let listed = Output::of_shown(async {
            Ok::<_, relay::Error>(format!("{:?}", user.tools("main").await?.invalid()))
        });
        let listed = with_timeout(listed).await;
        let tools = user.tools("main").await.expect("a list");
        let name = tools.iter().next().expect("a valid tool").definition().name.clone();
        // A similar name, which contains no secret itself.
        let similar = format!("{}tool-", &name[..name.len() / 2]);
        let unknown = Output::of(tools.call(&similar, json!({}))).await;
        let invalid = Output::of(tools.iter().next().expect("a tool").call(json!({}))).await;
        let shown = &invalid.display;
        assert!(shown.contains("missing required argument") && shown.contains("****"), "{shown}");
        assert!(listed.trace.contains("WARN"), "{spelling}: {}", listed.trace);
        let without_name = |text: &str| text.replace(&name, "NAME");
        for (what, output) in [("list", listed), ("unknown", unknown), ("invalid", invalid)] {
            for (form, text) in output.texts() {
                let what = format!("{spelling}, {what}, {form}");
                assert_contains_none(&without_name(text), &[TOKEN], &what);
            }
        }
    }
}
