//! Redirects, which are not followed.

use insta::assert_snapshot;

use crate::support::{Script, ScriptedServer, describe_result, status};

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
    [server]/mcp redirects to [other]/mcp, but redirects are not followed; configure that URL if it is correct
    -> Status(301), did not run
    [server]/mcp redirects to [other]/mcp, but redirects are not followed; configure that URL if it is correct
    -> Status(302), did not run
    [server]/mcp redirects to [other]/mcp, but redirects are not followed; configure that URL if it is correct
    -> Status(303), did not run
    [server]/mcp redirects to [other]/mcp, but redirects are not followed; configure that URL if it is correct
    -> Status(307), did not run
    [server]/mcp redirects to [other]/mcp, but redirects are not followed; configure that URL if it is correct
    -> Status(308), did not run
    ");
}

#[tokio::test]
async fn redirect_within_the_origin_is_an_error() {
    let mut shown = String::new();
    for location in ["/mcp/", "../v2/mcp?x=1", "http://[", "\u{e9}"] {
        let server =
            Script::new().on("tools/call", status(307).header("location", location)).start().await;
        shown += &describe_result(server.client().call_tool("add", ()).await);
        shown += "\n";
        assert_eq!(server.requests_of("tools/call").await.len(), 1);
    }
    assert_snapshot!(shown, @r#"
    [server]/mcp redirects to [server]/mcp/, but redirects are not followed; configure that URL if it is correct
    -> Status(307)
    [server]/mcp redirects to [server]/v2/mcp, but redirects are not followed; configure that URL if it is correct
    -> Status(307)
    [server]/mcp redirects to "http://[", but redirects are not followed; configure that URL if it is correct
    -> Status(307)
    [server]/mcp redirects to [server]/%C3%A9, but redirects are not followed; configure that URL if it is correct
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
    [server]/mcp redirects to an unknown location, but redirects are not followed; configure that URL if it is correct
    -> Status(307)
    [server]/mcp redirects to an unknown location, but redirects are not followed; configure that URL if it is correct
    -> Status(304)
    [server]/mcp redirects to an unknown location, but redirects are not followed; configure that URL if it is correct
    -> Status(300)
    ");
}
