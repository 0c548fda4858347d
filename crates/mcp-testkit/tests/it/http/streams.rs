//! The GET stream.

use mcp_testkit::{On, Reply, TestServer};
use reqwest::{Method, Response};
use serde_json::json;

use crate::support::{StatefulClient, header};

async fn listen(stateful: &StatefulClient) -> Response {
    let get = stateful.http_request(Method::GET).header("accept", "text/event-stream");
    get.send().await.expect("a response")
}

#[tokio::test]
async fn get_is_405_unless_allowed() {
    let server = TestServer::builder().start().await.unwrap();
    let stateful = StatefulClient::connect(&server).await;
    let response = listen(&stateful).await;
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST, DELETE"));
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn sends_a_notification_once_per_session_on_the_newest_stream() {
    let server = TestServer::builder().allow_get(true).start().await.unwrap();
    let (alice, bob) =
        (StatefulClient::connect(&server).await, StatefulClient::connect(&server).await);
    assert_eq!(server.notify("notifications/tools/list_changed", &json!({})), 0);

    let _older = listen(&alice).await;
    let mut streams = [listen(&alice).await, listen(&bob).await];
    assert_eq!(server.notify("notifications/tools/list_changed", &json!({})), 2);
    for stream in &mut streams {
        let event = stream.chunk().await.unwrap().unwrap();
        let event = std::str::from_utf8(&event).unwrap();
        assert!(event.starts_with("event: message\ndata: {"), "{event}");
        assert!(event.contains(r#""method":"notifications/tools/list_changed""#), "{event}");
    }

    assert!(alice.http_request(Method::DELETE).send().await.unwrap().status().is_success());
    assert_eq!(streams[0].chunk().await.unwrap(), None, "a stream ends with its session");
    server.end_sessions();
    assert_eq!(streams[1].chunk().await.unwrap(), None);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn get_requires_accept_and_session_headers() {
    let server = TestServer::builder().allow_get(true).start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    let get = stateful.http_request(Method::GET).header("accept", "application/json");
    assert_eq!(get.send().await.unwrap().status(), 406);
    stateful.session = None;
    assert_eq!(listen(&stateful).await.status(), 400);
    assert_eq!(
        server.violations(),
        [
            r#"GET: header "accept" does not contain "text/event-stream""#,
            r#"GET: missing header "mcp-session-id""#
        ]
    );
}

#[tokio::test]
async fn sends_a_scripted_reply_to_a_get_with_last_event_id() {
    let server = TestServer::builder().start().await.unwrap();
    let stateful = StatefulClient::connect(&server).await;
    server.script(On::method("GET").nth(1), Reply::sse(["id: 8\ndata: {}\n\n"]));
    let get = stateful.http_request(Method::GET).header("last-event-id", "7");
    assert_eq!(get.send().await.unwrap().text().await.unwrap(), "id: 8\ndata: {}\n\n");
    let requests = server.requests();
    assert_eq!(requests.last().unwrap().header("last-event-id"), Some("7"));
}
