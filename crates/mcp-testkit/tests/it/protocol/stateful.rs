//! The stateful protocol versions: initialization, sessions and errors.

use mcp_testkit::{ResponseMode, TestServer};
use mcp_types::{Revision, error_code};
use reqwest::Method;
use serde_json::json;

use crate::support::{StatefulClient, assert_ping_rejected, header, names, read, stateful_greeter};

#[tokio::test]
async fn serves_a_valid_session_without_violations() {
    let server = stateful_greeter().await;
    let mut stateful = StatefulClient::new(&server);

    let response = stateful.initialize("2025-11-25").await;
    assert_eq!(header(&response, "content-type"), "application/json");
    stateful.use_session_of(&response);
    let response = read(response).await;
    assert_eq!(response["result"]["serverInfo"]["name"], "greeter");
    assert_eq!(response["result"]["capabilities"], json!({ "tools": { "listChanged": false } }));

    stateful.version = Some("2025-11-25".to_owned());
    let response = stateful.notify("notifications/initialized").await;
    assert_eq!(response.status(), 202);
    assert_eq!(response.text().await.unwrap(), "");

    let pong = stateful.request_json("ping", json!({})).await;
    assert_eq!(pong, json!({ "jsonrpc": "2.0", "id": 2, "result": {} }));
    assert_eq!(names(&stateful.request_json("tools/list", json!({})).await), ["hello"]);
    let response = stateful.call_tool("hello").await;
    assert_eq!(response["result"]["content"], json!([{ "type": "text", "text": "hi" }]));

    let methods = server.requests().iter().map(|it| it.method().to_owned()).collect::<Vec<_>>();
    let expected = ["initialize", "notifications/initialized", "ping", "tools/list", "tools/call"];
    assert_eq!(methods, expected);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn sends_responses_as_event_streams_in_sse_mode() {
    let server = TestServer::builder().response_mode(ResponseMode::Sse).start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    let response = stateful.request("ping", json!({})).await;
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    assert_eq!(
        response.text().await.unwrap(),
        "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n"
    );
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn negotiates_the_requested_version_or_the_newest() {
    let revisions = [Revision::V2025_06_18, Revision::V2025_03_26];
    let server = TestServer::builder().revisions(revisions).start().await.unwrap();
    for (offered, agreed) in [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-06-18"),
        ("1999-01-01", "2025-06-18"),
    ] {
        let response = read(StatefulClient::new(&server).initialize(offered).await).await;
        assert_eq!(response["result"]["protocolVersion"], agreed);
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn returns_json_rpc_errors_with_status_200() {
    let server = stateful_greeter().await;
    let mut stateful = StatefulClient::connect(&server).await;
    for (method, params, code, violation) in [
        ("tools/call", json!({ "name": "none" }), error_code::INVALID_PARAMS, None),
        ("resources/list", json!({}), error_code::METHOD_NOT_FOUND, Some("method not supported")),
        ("tools/call", json!({}), error_code::INVALID_PARAMS, Some(r#""name" missing"#)),
        (
            "tools/call",
            json!({ "name": "hello", "arguments": [] }),
            error_code::INVALID_PARAMS,
            Some(r#""arguments" missing or invalid"#),
        ),
        ("tools/list", json!({ "cursor": 1 }), error_code::INVALID_PARAMS, Some("cursor")),
    ] {
        let before = server.violations().len();
        let response = stateful.request(method, params).await;
        assert_eq!(response.status(), 200);
        assert_eq!(read(response).await["error"]["code"], code);
        let fresh = server.violations().split_off(before);
        assert_eq!(fresh.len(), usize::from(violation.is_some()), "{fresh:?}");
        assert!(violation.is_none_or(|text| fresh[0].contains(text)), "{fresh:?}");
    }
}

#[tokio::test]
async fn rejects_missing_or_unknown_session_and_version_headers() {
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    let with = |session: Option<&'static str>, version: Option<&'static str>| {
        let ping = ping.clone();
        move |stateful: &StatefulClient, _| {
            let mut other = stateful.clone_without_headers();
            other.session = session.map_or(stateful.session.clone(), |id| Some(id.to_owned()));
            other.version = version.map(str::to_owned);
            other.post(&ping)
        }
    };
    assert_ping_rejected(with(None, None), 400, r#"missing header "mcp-protocol-version""#).await;
    assert_ping_rejected(
        with(None, Some("2025-06-18")),
        400,
        r#"header "mcp-protocol-version": "2025-06-18" was not"#,
    )
    .await;
    assert_ping_rejected(with(Some("made-up"), Some("2025-11-25")), 404, "unknown session id")
        .await;
    let none = |stateful: &StatefulClient, _| {
        let mut other = stateful.clone_without_headers();
        other.version.clone_from(&stateful.version);
        other.post(&ping)
    };
    assert_ping_rejected(none, 400, r#"missing header "mcp-session-id""#).await;
}

#[tokio::test]
async fn requires_the_version_header_only_from_2025_06_18() {
    let server = stateful_greeter().await;
    let mut newer = StatefulClient::new(&server);
    let response = newer.initialize("2025-06-18").await;
    newer.use_session_of(&response);
    assert_eq!(newer.notify("notifications/initialized").await.status(), 400);
    let violations = server.violations();
    assert_eq!(violations, [r#"notifications/initialized: missing header "mcp-protocol-version""#]);

    let mut stateful = StatefulClient::new(&server);
    let response = stateful.initialize("2025-03-26").await;
    stateful.use_session_of(&response);
    assert_eq!(stateful.notify("notifications/initialized").await.status(), 202);
    assert_eq!(names(&stateful.request_json("tools/list", json!({})).await), ["hello"]);
    assert_eq!(server.violations(), violations);
}

#[tokio::test]
async fn rejects_messages_out_of_initialization_order() {
    let server = stateful_greeter().await;
    let mut stateful = StatefulClient::new(&server);
    let response = stateful.initialize("2025-11-25").await;
    stateful.use_session_of(&response);
    stateful.version = Some("2025-11-25".to_owned());

    assert_eq!(stateful.request("ping", json!({})).await.status(), 200);
    assert_eq!(stateful.request("tools/list", json!({})).await.status(), 400);
    assert_eq!(stateful.notify("notifications/initialized").await.status(), 202);
    assert_eq!(stateful.notify("notifications/initialized").await.status(), 400);
    assert_eq!(stateful.initialize("2025-11-25").await.status(), 400);
    assert_eq!(
        server.violations(),
        [
            r#"tools/list: request before "notifications/initialized""#,
            "notifications/initialized: session already initialized",
            r#"initialize: session id not allowed in "initialize""#,
        ]
    );

    let response = StatefulClient::new(&server)
        .request_json("initialize", json!({ "protocolVersion": "x" }))
        .await;
    assert_eq!(response["error"]["code"], error_code::INVALID_PARAMS);
}

#[tokio::test]
async fn rejects_requests_in_an_ended_session_with_404() {
    let server = stateful_greeter().await;
    let mut stateful = StatefulClient::connect(&server).await;
    assert_eq!(server.open_sessions(), 1);

    server.end_sessions();
    assert_eq!(server.open_sessions(), 0);
    assert_eq!(stateful.request("ping", json!({})).await.status(), 404);
    assert_eq!(server.violations(), [""; 0], "the client could not know");

    stateful.initialize_session().await;
    let delete = || stateful.http_request(Method::DELETE).send();
    assert_eq!(delete().await.unwrap().status(), 204);
    assert_eq!(server.open_sessions(), 0);
    assert_eq!(delete().await.unwrap().status(), 404);
    assert_eq!(server.violations(), ["DELETE: session already ended by the client"]);
}

#[tokio::test]
async fn a_session_can_be_ended_before_its_version_is_known() {
    let server = stateful_greeter().await;
    let mut stateful = StatefulClient::new(&server);
    // The client knows the session id from a header, and never reads the body.
    let response = stateful.initialize("2025-11-25").await;
    stateful.use_session_of(&response);
    let response = stateful.http_request(Method::DELETE).send().await.unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!((server.open_sessions(), server.violations()), (0, Vec::new()));
}

#[tokio::test]
async fn delete_is_405_if_not_allowed() {
    let server = TestServer::builder().allow_delete(false).start().await.unwrap();
    let stateful = StatefulClient::connect(&server).await;
    let response = stateful.http_request(Method::DELETE).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST"));
    assert_eq!(server.open_sessions(), 1);
}

#[tokio::test]
async fn assigns_no_session_id_if_sessions_are_off() {
    let server = TestServer::builder().sessions(false).start().await.unwrap();
    let mut stateful = StatefulClient::new(&server);
    stateful.version = Some("2025-11-25".to_owned());
    assert_eq!(stateful.request("tools/list", json!({})).await.status(), 400);

    stateful.initialize_session().await;
    assert_eq!(stateful.session, None);
    assert_eq!(stateful.request("tools/list", json!({})).await.status(), 200);
    assert_eq!(stateful.http_request(Method::DELETE).send().await.unwrap().status(), 405);

    stateful.session = Some("stale".to_owned());
    assert_eq!(stateful.request("tools/list", json!({})).await.status(), 400);
    stateful.session = None;
    stateful.version = None;
    assert_eq!(stateful.request("tools/list", json!({})).await.status(), 400);
    assert_eq!(
        server.violations(),
        [
            r#"tools/list: request before "initialize""#,
            "tools/list: session id not allowed: the server has no sessions",
            r#"tools/list: missing header "mcp-protocol-version""#,
        ]
    );
}
