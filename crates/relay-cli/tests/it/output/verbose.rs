//! The output of `--verbose`.

use insta::assert_snapshot;
use mcp_testkit::ResponseMode;

use crate::support::{
    relay,
    weather_server::{self, TOKEN},
};

#[tokio::test]
async fn prints_requests_and_responses_without_tokens() {
    let server = weather_server::protected().await;
    let program = relay("call forecast --verbose --arg city=Oslo --token-env TOKEN");
    let transcript = program.env("TOKEN", TOKEN).url(&server).run().await;
    assert!(!transcript.contains(TOKEN));
    assert_snapshot!(transcript, @r#"
    exit code: 0
    --- stdout
    Oslo: sunny
    --- stderr
    > POST http://127.0.0.1:PORT/mcp
    > accept: application/json, text/event-stream
    > content-type: application/json
    > mcp-protocol-version: 2026-07-28
    > mcp-method: server/discover
    > authorization: Bearer ****
    > {"jsonrpc":"2.0","id":"probe-1","method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"relay","version":"0.1.0"}}}}
    < 200 OK
    < content-type: application/json
    < {"jsonrpc":"2.0","error":{"code":-32601,"message":"Unknown method: server/discover"},"id":"probe-1"}
    > POST http://127.0.0.1:PORT/mcp
    > accept: application/json, text/event-stream
    > content-type: application/json
    > authorization: Bearer ****
    > {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"relay","version":"0.1.0"}}}
    < 200 OK
    < content-type: application/json
    < mcp-session-id: ****
    < {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":false}},"serverInfo":{"name":"weather","version":"0.1.0"}}}
    > POST http://127.0.0.1:PORT/mcp
    > accept: application/json, text/event-stream
    > content-type: application/json
    > mcp-protocol-version: 2025-11-25
    > mcp-session-id: ****
    > authorization: Bearer ****
    > {"jsonrpc":"2.0","method":"notifications/initialized"}
    < 202 Accepted
    > POST http://127.0.0.1:PORT/mcp
    > accept: application/json, text/event-stream
    > content-type: application/json
    > mcp-protocol-version: 2025-11-25
    > mcp-session-id: ****
    > authorization: Bearer ****
    > {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}
    < 200 OK
    < content-type: application/json
    < {"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"forecast","inputSchema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]},"description":"The weather\n of the coming days","title":"Forecast"},{"name":"history","inputSchema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]},"description":"The weather of a past year"}]}}
    > POST http://127.0.0.1:PORT/mcp
    > accept: application/json, text/event-stream
    > content-type: application/json
    > mcp-protocol-version: 2025-11-25
    > mcp-session-id: ****
    > authorization: Bearer ****
    > {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"forecast","arguments":{"city":"Oslo"},"_meta":{"progressToken":3}}}
    < 200 OK
    < content-type: application/json
    < {"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"Oslo: sunny"}],"structuredContent":{"city":"Oslo","sky":"sunny"},"_meta":{"source":"satellite"}}}
    > DELETE http://127.0.0.1:PORT/mcp
    > accept: application/json, text/event-stream
    > mcp-protocol-version: 2025-11-25
    > mcp-session-id: ****
    > authorization: Bearer ****
    < 204 No Content
    ---
    "#);
}

#[tokio::test]
async fn prints_event_streams_message_by_message() {
    let server = weather_server::public().response_mode(ResponseMode::Sse).start().await.unwrap();
    let transcript = relay("-v call history -v -v --arg city=Oslo").url(&server).run().await;
    assert_eq!(transcript.matches("< content-type: text/event-stream").count(), 3, "{transcript}");
    assert_eq!(transcript.matches("< {").count(), 4, "{transcript}");
}
