//! What a client may expect, and what is not let through.

use mcp_testkit::{AnswerMode, CallAnswer, TestServer, Tool};
use mcp_types::{Revision, error_code};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::peer::{Peer, header, names, read, tool};

async fn greeter() -> TestServer {
    TestServer::builder().name("greeter").tool(tool("hello", "hi")).start().await.expect("a start")
}

#[tokio::test]
async fn a_well_behaved_client_gets_its_answers() {
    let server = greeter().await;
    let mut peer = Peer::new(&server);

    let response = peer.initialize("2025-11-25").await;
    assert_eq!(header(&response, "content-type"), "application/json");
    peer.join(&response);
    let answer = read(response).await;
    assert_eq!(answer["result"]["serverInfo"]["name"], "greeter");
    assert_eq!(answer["result"]["capabilities"], json!({ "tools": { "listChanged": false } }));

    peer.version = Some("2025-11-25".to_owned());
    let response = peer.notify("notifications/initialized").await;
    assert_eq!(response.status(), 202);
    assert_eq!(response.text().await.unwrap(), "");

    let pong = peer.ask("ping", json!({})).await;
    assert_eq!(pong, json!({ "jsonrpc": "2.0", "id": 2, "result": {} }));
    assert_eq!(names(&peer.ask("tools/list", json!({})).await), ["hello"]);
    let answer = peer.call("hello").await;
    assert_eq!(answer["result"]["content"], json!([{ "type": "text", "text": "hi" }]));

    let methods = server.requests().iter().map(|it| it.method().to_owned()).collect::<Vec<_>>();
    let expected = ["initialize", "notifications/initialized", "ping", "tools/list", "tools/call"];
    assert_eq!(methods, expected);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn event_streams_carry_the_same_answers() {
    let server = TestServer::builder().answers(AnswerMode::Sse).start().await.unwrap();
    let mut peer = Peer::open(&server).await;
    let response = peer.request("ping", json!({})).await;
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    assert_eq!(
        response.text().await.unwrap(),
        "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n"
    );
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn the_revision_is_the_clients_if_spoken_or_else_the_newest() {
    let revisions = [Revision::V2025_06_18, Revision::V2025_03_26];
    let server = TestServer::builder().revisions(revisions).start().await.unwrap();
    for (offered, agreed) in [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-06-18"),
        ("1999-01-01", "2025-06-18"),
    ] {
        let answer = read(Peer::new(&server).initialize(offered).await).await;
        assert_eq!(answer["result"]["protocolVersion"], agreed);
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn tools_answer_in_every_way() {
    let schema = json!({ "type": "object" });
    let answers =
        |name: &str, answer: CallAnswer| Tool::new(name, schema.clone(), move |_| answer.clone());
    let server = TestServer::builder()
        .tool(Tool::new("echo", schema.clone(), |args| {
            CallAnswer::structured(Value::Object(args.clone()))
        }))
        .tool(answers("fails", CallAnswer::failure("out of paper")))
        .tool(answers("error", CallAnswer::error(-32042, "sign in").member("data", json!([1]))))
        .tool(answers("empty", CallAnswer::content([])))
        .start()
        .await
        .unwrap();
    let mut peer = Peer::open(&server).await;

    let echo = json!({ "name": "echo", "arguments": { "a": [1] } });
    let answer = peer.ask("tools/call", echo).await;
    assert_eq!(answer["result"]["structuredContent"], json!({ "a": [1] }));
    assert_eq!(answer["result"]["content"][0]["text"], r#"{"a":[1]}"#);
    let answer = peer.ask("tools/call", json!({ "name": "echo" })).await;
    assert_eq!(answer["result"]["structuredContent"], json!({}));

    assert_eq!(peer.call("fails").await["result"]["isError"], true);
    let error = json!({ "code": -32042, "message": "sign in", "data": [1] });
    assert_eq!(peer.call("error").await["error"], error);
    assert_eq!(peer.call("empty").await["result"], json!({ "content": [] }));
}

#[tokio::test]
async fn lists_come_in_pages_with_opaque_cursors() {
    let builder = ["a", "b", "c", "d", "e"]
        .into_iter()
        .fold(TestServer::builder().page_size(2), |builder, name| builder.tool(tool(name, "")));
    let server = builder.start().await.unwrap();
    let mut peer = Peer::open(&server).await;

    let mut pages = Vec::new();
    let mut params = json!({});
    loop {
        let page = peer.ask("tools/list", params).await;
        pages.push(names(&page).join(""));
        match &page["result"]["nextCursor"] {
            Value::Null => break,
            cursor => params = json!({ "cursor": cursor }),
        }
    }
    assert_eq!(pages, ["ab", "cd", "e"]);

    let answer = peer.ask("tools/list", json!({ "cursor": "2" })).await;
    assert_eq!(answer["error"]["code"], error_code::INVALID_PARAMS);
}

#[tokio::test]
async fn errors_of_the_request_are_answers() {
    let server = greeter().await;
    let mut peer = Peer::open(&server).await;
    for (method, params, code, violation) in [
        ("tools/call", json!({ "name": "none" }), error_code::INVALID_PARAMS, None),
        ("resources/list", json!({}), error_code::METHOD_NOT_FOUND, Some("no capability")),
        ("tools/call", json!({}), error_code::INVALID_PARAMS, Some("name is missing")),
        (
            "tools/call",
            json!({ "name": "hello", "arguments": [] }),
            error_code::INVALID_PARAMS,
            Some("arguments is missing or of the wrong type"),
        ),
        ("tools/list", json!({ "cursor": 1 }), error_code::INVALID_PARAMS, Some("cursor")),
    ] {
        let before = server.violations().len();
        let response = peer.request(method, params).await;
        assert_eq!(response.status(), 200);
        assert_eq!(read(response).await["error"]["code"], code);
        let fresh = server.violations().split_off(before);
        assert_eq!(fresh.len(), usize::from(violation.is_some()), "{fresh:?}");
        assert!(violation.is_none_or(|text| fresh[0].contains(text)), "{fresh:?}");
    }
}

/// Breaks a ping in one way, and expects a refusal that is remembered.
async fn check(spoil: impl Fn(&Peer, RequestBuilder) -> RequestBuilder, status: u16, reason: &str) {
    let server = greeter().await;
    let mut peer = Peer::open(&server).await;
    let ping = peer.message("ping", json!({}));
    let response = spoil(&peer, peer.post(&ping)).send().await.expect("an answer");
    assert_eq!(response.status(), status, "{reason}");
    let error = read(response).await;
    assert!(error["error"]["message"].as_str().is_some_and(|it| it.contains(reason)), "{error}");
    let violations = server.violations();
    assert!(matches!(&*violations, [one] if one.contains(reason)), "{violations:?}");
}

/// Takes a header away, which reqwest does only for a request that is built anew.
fn without(peer: &Peer, name: &str) -> RequestBuilder {
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    let request = peer.http_request(Method::POST).body(ping.to_string());
    [("accept", "application/json, text/event-stream"), ("content-type", "application/json")]
        .into_iter()
        .filter(|(header, _)| *header != name)
        .fold(request, |request, (header, value)| request.header(header, value))
}

#[tokio::test]
async fn headers_are_checked() {
    let json_only = |peer: &Peer, _| without(peer, "accept").header("accept", "application/json");
    check(json_only, 406, "Accept does not name text/event-stream").await;
    let anything = |peer: &Peer, _| without(peer, "accept").header("accept", "*/*");
    check(anything, 406, "Accept does not name application/json").await;
    check(|peer, _| without(peer, "content-type"), 415, "Content-Type is not").await;
    let text = |peer: &Peer, _| without(peer, "content-type").header("content-type", "text/plain");
    check(text, 415, "Content-Type is not application/json").await;
}

#[tokio::test]
async fn media_types_are_read_with_their_parameters() {
    let server = greeter().await;
    let peer = Peer::open(&server).await;
    let request = peer
        .http_request(Method::POST)
        .header("accept", "Application/JSON;q=0.9")
        .header("accept", "text/event-stream; q=1")
        .header("content-type", "application/json; charset=utf-8")
        .body(r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#);
    assert_eq!(read(request.send().await.unwrap()).await["id"], "a");
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn bodies_are_checked() {
    for (body, reason) in [
        ("{", "the body is not JSON"),
        // RPC-12
        (r#"[{"jsonrpc":"2.0","id":9,"method":"ping"}]"#, "an array of messages"),
        (r#"{"jsonrpc":"1.0","id":9,"method":"ping"}"#, "expected the string"),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, "a request whose id is null"),
        (r#"{"jsonrpc":"2.0","id":9,"method":"ping","params":[]}"#, "params is not an object"),
        (r#"{"jsonrpc":"2.0","id":9,"method":"ping","params":null}"#, "params is not an object"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "the id 1 was used before"),
    ] {
        check(|_, request| request.body(body), 400, reason).await;
    }
}

#[tokio::test]
async fn sessions_and_versions_are_checked() {
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    let with = |session: Option<&'static str>, version: Option<&'static str>| {
        let ping = ping.clone();
        move |peer: &Peer, _| {
            let mut other = peer.clone_without_headers();
            other.session = session.map_or(peer.session.clone(), |id| Some(id.to_owned()));
            other.version = version.map(str::to_owned);
            other.post(&ping)
        }
    };
    check(with(None, None), 400, "no MCP-Protocol-Version").await;
    check(with(None, Some("2025-06-18")), 400, "MCP-Protocol-Version 2025-06-18 was not").await;
    check(with(Some("made-up"), Some("2025-11-25")), 404, "the server never assigned").await;
    let none = |peer: &Peer, _| {
        let mut other = peer.clone_without_headers();
        other.version.clone_from(&peer.version);
        other.post(&ping)
    };
    check(none, 400, "no MCP-Session-Id").await;
}

#[tokio::test]
async fn revisions_before_the_version_header_do_without_it() {
    let server = greeter().await;
    let mut newer = Peer::new(&server);
    let response = newer.initialize("2025-06-18").await;
    newer.join(&response);
    assert_eq!(newer.notify("notifications/initialized").await.status(), 400);
    let violations = server.violations();
    assert_eq!(violations, ["notifications/initialized: no MCP-Protocol-Version"]);

    let mut peer = Peer::new(&server);
    let response = peer.initialize("2025-03-26").await;
    peer.join(&response);
    assert_eq!(peer.notify("notifications/initialized").await.status(), 202);
    assert_eq!(names(&peer.ask("tools/list", json!({})).await), ["hello"]);
    assert_eq!(server.violations(), violations);
}

#[tokio::test]
async fn the_handshake_is_kept_in_order() {
    let server = greeter().await;
    let mut peer = Peer::new(&server);
    let response = peer.initialize("2025-11-25").await;
    peer.join(&response);
    peer.version = Some("2025-11-25".to_owned());

    assert_eq!(peer.request("ping", json!({})).await.status(), 200);
    assert_eq!(peer.request("tools/list", json!({})).await.status(), 400);
    assert_eq!(peer.notify("notifications/initialized").await.status(), 202);
    assert_eq!(peer.notify("notifications/initialized").await.status(), 400);
    assert_eq!(peer.initialize("2025-11-25").await.status(), 400);
    assert_eq!(
        server.violations(),
        [
            "tools/list: notifications/initialized did not come before",
            "notifications/initialized: the session is initialized already",
            "initialize: a session id, though a session is yet to begin",
        ]
    );

    let answer = Peer::new(&server).ask("initialize", json!({ "protocolVersion": "x" })).await;
    assert_eq!(answer["error"]["code"], error_code::INVALID_PARAMS);
}

#[tokio::test]
async fn sessions_end() {
    let server = greeter().await;
    let mut peer = Peer::open(&server).await;
    assert_eq!(server.open_sessions(), 1);

    server.end_sessions();
    assert_eq!(server.open_sessions(), 0);
    assert_eq!(peer.request("ping", json!({})).await.status(), 404);
    assert_eq!(server.violations(), [""; 0], "the client could not know");

    peer.handshake().await;
    let delete = || peer.http_request(Method::DELETE).send();
    assert_eq!(delete().await.unwrap().status(), 204);
    assert_eq!(server.open_sessions(), 0);
    assert_eq!(delete().await.unwrap().status(), 404);
    assert_eq!(server.violations(), ["DELETE: a session that the client has ended"]);
}

#[tokio::test]
async fn delete_can_be_declined() {
    let server = TestServer::builder().allow_delete(false).start().await.unwrap();
    let peer = Peer::open(&server).await;
    let response = peer.http_request(Method::DELETE).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST"));
    assert_eq!(server.open_sessions(), 1);
}

#[tokio::test]
async fn servers_without_sessions_assign_none() {
    let server = TestServer::builder().sessions(false).start().await.unwrap();
    let mut peer = Peer::new(&server);
    peer.version = Some("2025-11-25".to_owned());
    assert_eq!(peer.request("tools/list", json!({})).await.status(), 400);

    peer.handshake().await;
    assert_eq!(peer.session, None);
    assert_eq!(peer.request("tools/list", json!({})).await.status(), 200);
    assert_eq!(peer.http_request(Method::DELETE).send().await.unwrap().status(), 405);

    peer.session = Some("stale".to_owned());
    assert_eq!(peer.request("tools/list", json!({})).await.status(), 400);
    peer.session = None;
    peer.version = None;
    assert_eq!(peer.request("tools/list", json!({})).await.status(), 400);
    assert_eq!(
        server.violations(),
        [
            "tools/list: no initialize came before",
            "tools/list: a session id that nobody assigned",
            "tools/list: no MCP-Protocol-Version",
        ]
    );
}

#[tokio::test]
async fn other_places_and_origins_are_refused() {
    let server = greeter().await;
    let mut peer = Peer::open(&server).await;
    let ping = peer.message("ping", json!({}));
    for (origin, status) in [
        ("https://example.com", 403),
        ("http://localhost.example.com", 403),
        ("null", 403),
        ("http://localhost:3000", 200),
    ] {
        let response = peer.post(&ping).header("origin", origin).send().await.unwrap();
        assert_eq!(response.status(), status, "{origin}");
    }
    let answer = json!({ "jsonrpc": "2.0", "id": "s1", "result": {} });
    let refused = peer.elsewhere(server.url()).post(&answer).send().await.unwrap();
    assert_eq!(read(refused).await.get("id"), None, "only a request is answered with its id");

    let response = peer.http_request(Method::PUT).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST, DELETE"));

    let elsewhere = server.url().replace("/mcp", "/other");
    let response = peer.elsewhere(&elsewhere).post(&ping).send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(server.requests().last().map(|it| it.path().to_owned()).as_deref(), Some("/other"));
}
