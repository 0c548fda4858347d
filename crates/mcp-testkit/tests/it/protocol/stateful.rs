//! What a client may expect, and what is not let through.

use mcp_testkit::{AnswerMode, TestServer};
use mcp_types::{Revision, error_code};
use reqwest::Method;
use serde_json::json;

use crate::support::{Peer, assert_ping_rejected, header, names, read, stateful_greeter};

#[tokio::test]
async fn a_well_behaved_client_gets_its_answers() {
    let server = stateful_greeter().await;
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
async fn errors_of_the_request_are_answers() {
    let server = stateful_greeter().await;
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
    assert_ping_rejected(with(None, None), 400, "no MCP-Protocol-Version").await;
    assert_ping_rejected(
        with(None, Some("2025-06-18")),
        400,
        "MCP-Protocol-Version 2025-06-18 was not",
    )
    .await;
    assert_ping_rejected(
        with(Some("made-up"), Some("2025-11-25")),
        404,
        "the server never assigned",
    )
    .await;
    let none = |peer: &Peer, _| {
        let mut other = peer.clone_without_headers();
        other.version.clone_from(&peer.version);
        other.post(&ping)
    };
    assert_ping_rejected(none, 400, "no MCP-Session-Id").await;
}

#[tokio::test]
async fn revisions_before_the_version_header_do_without_it() {
    let server = stateful_greeter().await;
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
    let server = stateful_greeter().await;
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
    let server = stateful_greeter().await;
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
