//! What servers say of their own accord, outside of any call.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use mcp_client::{Client, Limits, Negotiation, Serves, mcp_types::Revision};
use mcp_http::HttpTransport;
use mcp_testkit::{Ask, CallAnswer, Push, TestServer, Tool, Turn};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{ALL, Desk, Ears, Line, Mood, client};

fn attended(line: &Arc<Line>, desk: &Desk) -> Client {
    let known = Negotiation::known(Revision::V2025_11_25);
    Client::builder(Arc::clone(line)).handler(desk.clone()).negotiation(known).build()
}

#[tokio::test]
async fn server_request_on_the_get_stream_is_answered_during_a_call() {
    // HTTP-20, HTTP-22, ELIC-06: it does so only where it is listened to when the call comes
    let schema = json!({ "type": "object", "properties": {
        "name": { "type": "string", "default": "Ada" },
    } });
    let tool =
        Tool::asking("ask", json!({ "type": "object" }), move |round| match round.answer("name") {
            None => Turn::ask("name", Ask::form("Who?", schema.clone())).elsewhere(),
            Some(answer) => CallAnswer::text(answer["content"]["name"].to_string()).into(),
        });
    let server = TestServer::builder().allow_get(true).tool(tool).start().await.unwrap();
    let transport = HttpTransport::builder(server.url()).build().unwrap();
    let desk = Desk::new(Serves::nothing().form(), Mood::Willing);
    let client = Client::builder(transport)
        .handler(desk.clone())
        .negotiation(Negotiation::known(Revision::V2025_11_25))
        .build();
    let result = client.call_tool("ask", ()).await.unwrap();
    let content = serde_json::to_value(&result.content).unwrap();
    assert_eq!(content[0]["text"], "\"Ada\"");
    assert_eq!(desk.asked(), ["form: Who?"]);
    assert_eq!(server.push(&Push::ToolsChanged), 1);
    while client.tool_changes() == 0 {
        tokio::task::yield_now().await;
    }
    client.close().await.unwrap();
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn client_without_handler_capabilities_does_not_listen() {
    // HTTP-20: it takes a connection
    for handler in [None, Some(Desk::new(Serves::nothing(), Mood::Willing))] {
        let line = Arc::new(Line::new(Ears::Agreed));
        let client = match &handler {
            None => client(Arc::clone(&line)),
            Some(desk) => attended(&line, desk),
        };
        client.connect().await.unwrap();
        assert_eq!(line.listened.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn server_requests_are_answered_between_calls() {
    // HTTP-20, PING-01, CANC-05, RPC-10
    let (line, desk) = (Arc::new(Line::new(Ears::Agreed)), Desk::new(ALL, Mood::Late));
    let client = attended(&line, &desk);
    client.connect().await.unwrap();
    for message in [
        json!({ "jsonrpc": "2.0", "id": 0, "method": "roots/list" }),
        json!({ "no": "message" }),
        json!({ "jsonrpc": "2.0", "id": 9, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": null, "error": { "code": 1, "message": "oh" } }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }),
        json!({ "jsonrpc": "2.0", "id": 3, "method": "roots/list" }),
    ] {
        assert!(line.say_aside(message));
    }
    let answers = line.answers(2).await;
    assert_eq!(answers[0], json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    assert_eq!(answers[1]["error"]["code"], -32601);
    desk.at_work(2).await;
    assert!(line.say_aside(json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 0 },
    })));
    desk.at_work(1).await;
    desk.open();
    assert_eq!(line.answers(3).await[2]["id"], 3);
}

#[tokio::test]
async fn listening_ends_with_the_session() {
    // HTTP-23: with all work on answers
    for dropped in [false, true] {
        let (line, desk) = (Arc::new(Line::new(Ears::Agreed)), Desk::new(ALL, Mood::Late));
        let client = attended(&line, &desk);
        client.connect().await.unwrap();
        line.say_aside(json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" }));
        desk.at_work(1).await;
        match dropped {
            true => drop(client),
            false => client.close().await.unwrap(),
        }
        line.left_alone().await;
    }
}

#[tokio::test(start_paused = true)]
async fn connect_does_not_wait_long_for_an_unanswered_get() {
    let (line, desk) = (Arc::new(Line::new(Ears::Unanswered)), Desk::new(ALL, Mood::Late));
    let began = Instant::now();
    attended(&line, &desk).connect().await.unwrap();
    assert!(began.elapsed() < Limits::default().request, "{:?}", began.elapsed());
    assert_eq!(line.listened.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn call_does_not_time_out_while_the_handler_works_on_the_get_stream() {
    // LIFE-13: for which call they are asked, does not show
    let (line, desk) = (Arc::new(Line::new(Ears::Agreed)), Desk::new(ALL, Mood::Late));
    let client = attended(&line, &desk);
    let course = async {
        client.connect().await.unwrap();
        line.say_aside(json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" }));
        sleep(Duration::from_secs(5 * 60)).await;
        desk.open();
        line.answers(1).await;
        line.answer();
    };
    let (called, ()) = tokio::join!(client.call_tool("ask", ()), course);
    called.unwrap();
}
