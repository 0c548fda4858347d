//! Toolsets: the tools of several servers.

use std::time::Duration;

use insta::assert_snapshot;
use mcp_testkit::{Barrier, CallResult, Fault, On, TestServer, TestTool};
use relay::{Config, Relay, Server, Toolset};
use serde_json::json;

use crate::support::{
    ALICE, Script, ScriptedResponse, ScriptedServer, describe_error, describe_result, result,
    status,
};

fn list_response(names: &[&str]) -> ScriptedResponse {
    let tool = |name: &&str| json!({ "name": name, "inputSchema": { "type": "object" } });
    result(&json!({ "tools": names.iter().map(tool).collect::<Vec<_>>() }))
}

async fn server_with_tools(names: &[&str]) -> ScriptedServer {
    Script::new().on("tools/list", list_response(names)).start().await
}

fn relay_of<'a>(servers: impl IntoIterator<Item = (&'a str, Server)>) -> Relay {
    let builder = servers
        .into_iter()
        .fold(Relay::builder(), |builder, (name, server)| builder.server(name, server));
    builder.build().expect("usable settings")
}

/// The three parts of a toolset, one line each.
fn describe(toolset: &Toolset) -> String {
    let names: Vec<_> = toolset.iter().map(|tool| tool.name().to_owned()).collect();
    let unauthorized =
        toolset.needs_authorization.iter().map(|error| error.server.clone()).collect::<Vec<_>>();
    let failed = toolset.failed.iter().map(describe_error).collect::<Vec<_>>();
    let lines = [names.join(" "), unauthorized.join("; "), failed.join("; ")];
    lines.join("\n")
}

#[tokio::test]
async fn toolset_keeps_the_order_of_the_servers() {
    let names = ["a", "b", "c", "d"];
    let mut servers = Vec::new();
    for name in names {
        let tool = TestTool::new(name, json!({ "type": "object" }), |_| CallResult::text("done"));
        let server = TestServer::builder().tool(tool).start().await.unwrap();
        let barrier = Barrier::new();
        server.script(On::method("tools/list"), Fault::Hold(barrier.clone()));
        servers.push((server, barrier));
    }
    let urls = names.into_iter().zip(&servers);
    let relay = relay_of(urls.map(|(name, (server, _))| (name, Server::http(server.url()))));
    let open = async {
        // All servers receive their request before one responds, and the last one responds first.
        for (_, barrier) in &servers {
            barrier.wait_for_arrivals(1).await;
        }
        for (server, barrier) in servers.iter().rev() {
            barrier.open();
            server.wait_for_counts(|counts| counts.open_requests == 0).await;
        }
    };
    let user = relay.without_token();
    let (toolset, ()) = tokio::join!(user.toolset().into_future(), open);
    let toolset = toolset.unwrap();
    let expected = "relay__a__a relay__b__b relay__c__c relay__d__d";
    assert_eq!(describe(&toolset), format!("{expected}\n\n"));
    assert_eq!((toolset.len(), toolset.is_empty()), (4, false));
    let chosen = user.toolset().servers(["d", "b", "d"]).await.unwrap();
    assert_eq!(describe(&chosen), "relay__d__d relay__b__b\n\n");
    assert_eq!(toolset.call("relay__c__c", json!({})).await.unwrap().text(), "done");
    // Tools of a toolset are not found by their short name.
    assert_snapshot!(describe_result(toolset.call("c", json!({})).await), @r#"
    tool "c" not found on any ready server
    -> UnknownTool, did not run
    "#);
    assert_snapshot!(describe_result(toolset.call("relay__c__x", json!({})).await), @r#"
    tool "relay__c__x" not found on any ready server; did you mean "relay__c__c"?
    -> UnknownTool, did not run
    "#);
}

#[tokio::test]
async fn failing_servers_do_not_affect_the_others() {
    let challenge = "Bearer scope=x, resource_metadata=\"https://a.example/m\"";
    let locked = status(401).header("www-authenticate", challenge);
    let (good, locked, broken, no_list) = (
        server_with_tools(&["add", "sub"]).await,
        Script::new().on("initialize", locked).start().await,
        Script::new().on("tools/list", status(500)).start().await,
        Script::new().on("tools/list", result(&json!({ "tools": 5 }))).start().await,
    );
    let relay = relay_of([
        ("good", Server::http(good.url())),
        ("locked", Server::http(locked.url())),
        ("broken", Server::http(broken.url())),
        ("no-list", Server::http(no_list.url())),
        ("files", Server::stdio(["my-file-server"])),
    ]);
    let tokens = ["broken", "good", "locked", "no-list"].map(|server| (server, ALICE));
    let toolset = relay.with_tokens(tokens).toolset().await.unwrap();
    assert_snapshot!(describe(&toolset), @r#"
    relay__good__add relay__good__sub
    locked
    server "broken": HTTP status 500
      [server]/mcp returned HTTP status 500 Internal Server Error
    -> Transport Status(500); server "files": a stdio server gets no access token; to use it for all users, with the credentials in its "env", set "shared"
    -> Configuration, did not run; server "no-list": no usable tool list
      "tools/list": invalid response
      result.tools: invalid type: integer `5`, expected an array at line 1 column 43
    -> ToolDefinition
    "#);
    let challenge = toolset.needs_authorization[0].challenge().unwrap();
    assert_eq!(challenge.resource_metadata(), Some("https://a.example/m"));
    let user = relay.with_tokens([("good", ALICE)]);
    let chosen = user.toolset().servers(["good", "goood"]).await.unwrap();
    assert_snapshot!(describe(&chosen), @r#"
    relay__good__add relay__good__sub

    server "goood": not registered; registered servers: "broken", "files", "good", "locked", "no-list"
    -> Configuration, did not run
    "#);
}

#[tokio::test]
async fn missing_required_server_is_an_error() {
    let (good, broken) = (
        server_with_tools(&["add"]).await,
        Script::new().on("tools/list", status(500)).start().await,
    );
    let servers = |required| {
        [
            ("broken", Server::http(broken.url()).required(required)),
            ("good", Server::http(good.url())),
        ]
    };
    let relay = relay_of(servers(false));
    assert!(relay.without_token().toolset().await.is_ok());
    let error = relay.without_token().toolset().required(["broken"]).await;
    assert_snapshot!(describe_result(error), @r#"
    server "broken": HTTP status 500
      [server]/mcp returned HTTP status 500 Internal Server Error
    -> Transport Status(500)
    "#);
    assert!(relay.without_token().toolset().required(["good"]).await.is_ok());
    let error = relay_of(servers(true)).without_token().toolset().await;
    assert!(describe_result(error).starts_with(r#"server "broken": HTTP status 500"#));
}

#[tokio::test]
async fn unknown_required_server_is_an_error() {
    let good = server_with_tools(&["add"]).await;
    let user = relay_of([("good", Server::http(good.url()))]).without_token();
    let misspelt = user.toolset().servers(["good"]).required(["goood"]).await;
    assert_snapshot!(describe_result(misspelt), @r#"
    server "goood": not registered; registered servers: "good"
    -> Configuration, did not run
    "#);
    let toolset = user.toolset().servers(Vec::<String>::new()).required(["good"]).await.unwrap();
    assert_eq!(describe(&toolset), "relay__good__add\n\n");
    // The same if a variable that the server needs is not set.
    let text = format!(
        "[servers.a]\nurl = '${{NONE}}'\nrequired = true\n[servers.good]\nurl = '{}'",
        good.url()
    );
    let relay = Relay::new(Config::from_toml(&text, |_| None).unwrap()).unwrap();
    assert_snapshot!(describe_result(relay.without_token().toolset().await), @r#"
    line 2, column 7: server "a": variable "NONE" is not set and has no default
    -> Configuration, did not run
    "#);
}

#[tokio::test]
async fn slow_server_is_left_out_after_the_timeout() {
    let slow = TestServer::builder().start().await.unwrap();
    slow.script(On::method("tools/list"), Fault::Hold(Barrier::new()));
    let good = server_with_tools(&["add"]).await;
    let relay = relay_of([("good", Server::http(good.url())), ("slow", Server::http(slow.url()))]);
    let user = relay.without_token();
    user.tools("good").await.unwrap();
    let request = user.toolset().timeout(Duration::from_millis(200));
    let toolset = request.await.unwrap();
    assert_snapshot!(describe(&toolset), @r#"
    relay__good__add

    server "slow": timed out
      "tools/list": no response within 200ms
    -> Transport Timeout, retryable
    "#);
    // The request is cancelled on the server.
    slow.wait_for_cancelled(1).await;
}

#[tokio::test]
async fn denied_tools_are_neither_listed_nor_called() {
    let scripted =
        server_with_tools(&["search", "search_code", "delete_repo", "delete_file"]).await;
    let server = Server::http(scripted.url()).deny_tools(["delete_*"]);
    let relay = relay_of([("hub", server)]);
    let tools = relay.tools("hub").await.unwrap();
    assert_eq!(tools.len(), 2);
    assert_snapshot!(describe_result(tools.call("delete_repo", json!({})).await), @r#"
    server "hub": tool "delete_repo" not found
    -> UnknownTool, did not run
    "#);
    let names = async |request: relay::ToolsetRequest| {
        let toolset = request.await.expect("a toolset");
        toolset.iter().map(|tool| tool.definition().name.clone()).collect::<Vec<_>>()
    };
    let toolset = || relay.without_token().toolset();
    assert_eq!(names(toolset()).await, ["search", "search_code"]);
    assert_eq!(names(toolset().allow("hub", ["*code", "delete_file"])).await, ["search_code"]);
    assert_eq!(names(toolset().deny("hub", ["search"])).await, ["search_code"]);
    assert_eq!(names(toolset().deny("other", ["*"])).await, ["search", "search_code"]);
    // Filters apply to the one cached list.
    assert_eq!(scripted.requests_of("tools/list").await.len(), 1);
    let narrow = toolset().deny("hub", ["search"]).await.unwrap();
    assert!(narrow.get("relay__hub__search").is_none());
    assert_eq!(scripted.requests_of("tools/call").await.len(), 0);
}

#[tokio::test]
async fn annotations_are_exposed_as_untrusted() {
    // TOOL-06
    let tools = json!({ "tools": [
        { "name": "a", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } },
        { "name": "b", "inputSchema": { "type": "object" } },
    ] });
    let server = Script::new().on("tools/list", result(&tools)).start().await;
    let tools = relay_of([("main", Server::http(server.url()))]).tools("main").await.unwrap();
    let says = |name| {
        tools.get(name).unwrap().untrusted_annotations().and_then(|says| says.read_only_hint)
    };
    assert_eq!((says("a"), says("b")), (Some(true), None));
}
