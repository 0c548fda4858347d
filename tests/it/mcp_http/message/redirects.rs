//! Redirects, which are followed only within the origin and with the same method.

use insta::assert_snapshot;

use mcp_http::HttpDeviation;
use serde_json::json;

use crate::support::{
    PROTOCOL_VERSIONS, Script, ScriptedServer, client_with_version, describe_result,
    initialize_response, result, stateful_client, status,
};

#[tokio::test]
async fn redirect_does_not_send_the_token_to_another_origin() {
    // AUTH-06
    let other = ScriptedServer::start().await;
    let mut shown = String::new();
    for code in [301, 302, 303, 307, 308] {
        // Another host name of this machine is another origin, and so is another port.
        let location = other.url().replace("127.0.0.1", "localhost");
        let redirect = status(code).header("location", format!("{location}?key=5ecret"));
        let server = Script::new().on("initialize", redirect).start().await;
        shown +=
            &describe_result(server.client().list_tools().await).replace(&location, "[other]/mcp");
        shown += "\n";
        assert_eq!(server.requests().await.len(), 1);
    }
    assert_eq!(other.requests().await.len(), 0);
    assert_snapshot!(shown, @"
    [server]/mcp redirects to [other]/mcp, which is not followed; configure that URL if it is correct
    -> Status(301), did not run
    [server]/mcp redirects to [other]/mcp, which is not followed; configure that URL if it is correct
    -> Status(302), did not run
    [server]/mcp redirects to [other]/mcp, which is not followed; configure that URL if it is correct
    -> Status(303), did not run
    [server]/mcp redirects to [other]/mcp, which is not followed; configure that URL if it is correct
    -> Status(307), did not run
    [server]/mcp redirects to [other]/mcp, which is not followed; configure that URL if it is correct
    -> Status(308), did not run
    ");
}

#[tokio::test]
async fn redirect_within_the_origin_is_followed_with_method_and_body() {
    for code in [307, 308] {
        let redirect = || status(code).header("location", "/mcp/?key=5ecret#top");
        let server = Script::new()
            .on("initialize", redirect())
            .on("initialize", initialize_response("2025-11-25").header("mcp-session-id", "s"))
            .on("tools/call", redirect())
            .on("tools/call", redirect())
            .on("tools/call", redirect())
            .on("tools/call", result(&json!({ "content": [] })))
            .on("DELETE", redirect())
            .on("DELETE", status(200))
            .start()
            .await;
        let transport = server.transport();
        let client = stateful_client(transport.clone());
        client.call_tool("add", ()).await.unwrap();
        client.close().await.unwrap();
        for (method, count) in [("initialize", 2), ("tools/call", 4), ("DELETE", 2)] {
            let sent = server.requests_of(method).await;
            assert_eq!(sent.len(), count, "{method}");
            let (first, last) = (&sent[0], sent.last().unwrap());
            let verb = if method == "DELETE" { "DELETE" } else { "POST" };
            assert_eq!(first.request_line(), format!("{verb} /mcp"));
            assert_eq!(last.request_line(), format!("{verb} /mcp/?key=5ecret"));
            assert_eq!(first.text(), last.text());
            assert_eq!(first.header("authorization"), last.header("authorization"));
        }
        assert_eq!(transport.deviations(), [(HttpDeviation::Redirect, 5)]);
        let description = HttpDeviation::Redirect.description();
        assert_eq!(client.transport_deviations(), [(description, 5)]);
    }
}

#[tokio::test]
async fn redirect_loop_ends_after_three_redirects() {
    for protocol in PROTOCOL_VERSIONS {
        let redirect = status(307).header("location", "/mcp");
        let server = Script::new().on("tools/list", redirect).start().await;
        let client = client_with_version(server.transport(), protocol);
        let error = client.list_tools().await.unwrap_err().to_string();
        assert!(error.contains("redirects to http://127.0.0.1"), "{error}");
        assert_eq!(server.requests_of("tools/list").await.len(), 4);
    }
}

#[tokio::test]
async fn redirect_to_another_origin_is_not_followed_after_one_within() {
    let other = ScriptedServer::start().await;
    let server = Script::new()
        .on("tools/call", status(307).header("location", "/other"))
        .on("tools/call", status(307).header("location", other.url()))
        .start()
        .await;
    assert!(server.client().call_tool("add", ()).await.is_err());
    assert_eq!(server.requests_of("tools/call").await.len(), 2);
    assert_eq!(other.requests().await.len(), 0);
}

#[tokio::test]
async fn secrets_of_a_redirect_target_are_redacted() {
    let redirect = status(307).header("location", "/mcp?sig=5ecret-signature");
    let echo = status(500).body("no: 5ecret-signature");
    let server = Script::new().on("tools/call", redirect).on("tools/call", echo).start().await;
    let shown = describe_result(server.client().call_tool("add", ()).await);
    assert!(shown.contains("no: ****"), "{shown}");
}

#[tokio::test]
async fn other_redirects_are_an_error() {
    let mut shown = String::new();
    for (code, location) in [
        (301, "/mcp/"),
        (302, "/mcp/"),
        (303, "/mcp/"),
        (307, "http://["),
        (307, "http://user:5ecret@127.0.0.1/"),
        (307, "javascript:alert(1)"),
    ] {
        let server =
            Script::new().on("tools/call", status(code).header("location", location)).start().await;
        shown += &describe_result(server.client().call_tool("add", ()).await);
        shown += "\n";
        assert_eq!(server.requests_of("tools/call").await.len(), 1);
    }
    assert_snapshot!(shown, @r#"
    [server]/mcp redirects to [server]/mcp/, which is not followed; configure that URL if it is correct
    -> Status(301)
    [server]/mcp redirects to [server]/mcp/, which is not followed; configure that URL if it is correct
    -> Status(302)
    [server]/mcp redirects to [server]/mcp/, which is not followed; configure that URL if it is correct
    -> Status(303)
    [server]/mcp redirects to "http://[", which is not followed; configure that URL if it is correct
    -> Status(307)
    [server]/mcp redirects to http://127.0.0.1/, which is not followed; configure that URL if it is correct
    -> Status(307)
    [server]/mcp redirects to "javascript:alert(1)", which is not followed; configure that URL if it is correct
    -> Status(307)
    "#);
}

#[tokio::test]
async fn redirect_without_a_location_is_an_error() {
    let mut shown = String::new();
    for code in [307, 304, 300] {
        let server = Script::new().on("tools/call", status(code)).start().await;
        shown += &describe_result(server.client().call_tool("add", ()).await);
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    [server]/mcp redirects to an unknown location, which is not followed; configure that URL if it is correct
    -> Status(307)
    [server]/mcp redirects to an unknown location, which is not followed; configure that URL if it is correct
    -> Status(304)
    [server]/mcp redirects to an unknown location, which is not followed; configure that URL if it is correct
    -> Status(300)
    ");
}
