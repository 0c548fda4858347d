//! Standard headers of requests: `Mcp-Method`, `Mcp-Name`, `Mcp-Param-*`.

use insta::assert_snapshot;
use mcp_client::{MessageContext, MessageKind, OutgoingMessage, RequestHeaders, Transport};

use crate::support::{ScriptedServer, describe_result, full_request_log};

const BODY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#;

fn message_with_headers(headers: RequestHeaders) -> OutgoingMessage {
    let mut message = OutgoingMessage::new(BODY, MessageKind::Request, MessageContext::default());
    message.request_headers = Some(headers);
    message
}

#[tokio::test]
async fn method_name_and_arguments_are_sent_as_headers() {
    // N-HTTP-04, N-HTTP-05, N-HTTP-06, N-HTTP-07
    let server = ScriptedServer::start().await;
    let mut headers = RequestHeaders::new("tools/call");
    headers.name = Some("h\u{e9}llo".to_owned());
    let arguments = [("Region", "eu west"), ("note", " a\r\nX-Evil: 1")];
    headers.params = arguments.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    server.transport().send(message_with_headers(headers)).await.unwrap();
    assert_snapshot!(full_request_log(&server.requests().await), @r#"
    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-method: tools/call
    mcp-name: =?base64?aMOpbGxv?=
    mcp-param-note: =?base64?IGENClgtRXZpbDogMQ==?=
    mcp-param-region: eu west
    {"jsonrpc":"2.0","id":1,"method":"tools/call"}
    "#);
}

#[tokio::test]
async fn standard_headers_are_absent_in_stateful_versions() {
    // N-HTTP-14: stateful versions do not have these headers
    let server = ScriptedServer::start().await;
    server.client().call_tool("add", ()).await.unwrap();
    let sent = server.full_request_log().await;
    for header in ["mcp-method", "mcp-name", "mcp-param"] {
        assert!(!sent.contains(header), "{sent}");
    }
}

#[tokio::test]
async fn invalid_header_values_are_rejected_before_sending() {
    let server = ScriptedServer::start().await;
    let mut of_parameter = RequestHeaders::new("tools/call");
    of_parameter.params = vec![("a b".to_owned(), "1".to_owned())];
    let mut shown = String::new();
    for headers in [RequestHeaders::new("a\r\nX-Evil: 1"), of_parameter] {
        let message = message_with_headers(headers);
        let sent = message.sent.clone();
        shown += &describe_result(
            server.transport().send(message).await.map_err(mcp_client::Error::from),
        );
        shown += "\n";
        assert!(!sent.get());
    }
    assert_snapshot!(shown, @r#"
    cannot set header "mcp-method": its value contains a character that is not allowed in a header
    -> Blocked, did not run
    cannot set header "Mcp-Param-a b": invalid header name
    -> Blocked, did not run
    "#);
    assert_eq!(server.requests().await.len(), 0);
}
