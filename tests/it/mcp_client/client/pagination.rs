//! Paginated lists.

use insta::assert_snapshot;
use mcp_client::{Client, Deviation, Limits, ToolList};
use serde_json::{Value, json};

use crate::support::{Script, ScriptedResponse, ScriptedServer, describe_result, error, result};

fn page(tools: &[&str], next: Option<&str>) -> ScriptedResponse {
    let tools: Vec<_> = tools
        .iter()
        .map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }))
        .collect();
    let mut page = json!({ "tools": tools });
    if let Some(next) = next {
        page["nextCursor"] = json!(next);
    }
    result(&page)
}

async fn server_with_pages(pages: impl IntoIterator<Item = ScriptedResponse>) -> ScriptedServer {
    let script =
        pages.into_iter().fold(Script::new(), |script, page| script.on("tools/list", page));
    script.start().await
}

fn names(list: &ToolList) -> Vec<&str> {
    list.tools.iter().map(|tool| tool.name.as_str()).collect()
}

/// Lists the tools. Shows the result and the cursors that were sent.
async fn list_tools(server: &ScriptedServer, client: &Client) -> String {
    let listed = client.list_tools().await;
    let shown = match listed {
        Ok(list) => format!("listed {:?}", names(&list)),
        Err(_) => describe_result(listed),
    };
    let requests = server.requests_of("tools/list").await;
    let requests = requests.iter().map(|list| format!("\nasked {}", list.json()["params"]));
    shown + &requests.collect::<String>()
}

#[tokio::test]
async fn list_follows_cursors_to_the_last_page() {
    // PAGE-02: an empty page does not end the list
    let server =
        server_with_pages([page(&["a"], Some("1")), page(&[], Some("2")), page(&["b", "c"], None)])
            .await;
    assert_snapshot!(list_tools(&server, &server.client()).await, @r#"
    listed ["a", "b", "c"]
    asked {}
    asked {"cursor":"1"}
    asked {"cursor":"2"}
    "#);
}

#[tokio::test]
async fn empty_cursor_ends_the_list_of_a_stateful_server() {
    let server = server_with_pages([page(&["a"], Some("1")), page(&["b"], Some(""))]).await;
    let client = server.client();
    assert_snapshot!(list_tools(&server, &client).await, @r#"
    listed ["a", "b"]
    asked {}
    asked {"cursor":"1"}
    "#);
    assert_eq!(client.deviations(), [(Deviation::EmptyCursor, 1)]);
}

#[tokio::test]
async fn cursors_are_sent_back_unchanged() {
    // PAGE-01
    let server =
        server_with_pages([page(&[], Some("ä\"\\\u{1f600} ==")), page(&["a"], None)]).await;
    assert_snapshot!(list_tools(&server, &server.client()).await, @r#"
    listed ["a"]
    asked {}
    asked {"cursor":"ä\"\\😀 =="}
    "#);
}

#[tokio::test]
async fn null_cursor_ends_the_list() {
    let server = server_with_pages([result(&json!({ "tools": [], "nextCursor": null }))]).await;
    assert_snapshot!(list_tools(&server, &server.client()).await, @"
    listed []
    asked {}
    ");
}

#[tokio::test]
async fn repeated_cursor_is_an_error() {
    // PAGE-03
    let server = server_with_pages([page(&["a"], Some("1")), page(&["a"], Some("1"))]).await;
    assert_snapshot!(list_tools(&server, &server.client()).await, @r#"
    "tools/list": the list repeats a cursor and would never end
    -> ListLimitExceeded
    asked {}
    asked {"cursor":"1"}
    "#);
}

#[tokio::test]
async fn rejected_cursor_restarts_the_list_once() {
    // PAGE-03
    let stale = || error(-32602, "unknown cursor", &Value::Null);
    let server = server_with_pages([page(&["a"], Some("1")), stale(), page(&["b"], None)]).await;
    assert_snapshot!(list_tools(&server, &server.client()).await, @r#"
    listed ["b"]
    asked {}
    asked {"cursor":"1"}
    asked {}
    "#);

    let server =
        server_with_pages([page(&["a"], Some("1")), stale(), page(&["b"], Some("1")), stale()])
            .await;
    assert_snapshot!(list_tools(&server, &server.client()).await, @r#"
    "tools/list" failed: unknown cursor (code -32602)
    -> Rpc
    asked {}
    asked {"cursor":"1"}
    asked {}
    asked {"cursor":"1"}
    "#);
}

#[tokio::test]
async fn list_is_limited_in_pages_items_and_bytes() {
    let mut limits = Limits::default();
    limits.max_pages = 2;
    let server =
        server_with_pages([page(&[], Some("1")), page(&[], Some("2")), page(&[], None)]).await;
    assert_snapshot!(list_tools(&server, &server.client().with_limits(limits)).await, @r#"
    "tools/list": the list exceeds the limit of 2 pages
    -> ListLimitExceeded
    asked {}
    asked {"cursor":"1"}
    "#);

    let mut limits = Limits::default();
    limits.max_items = 2;
    let server = server_with_pages([page(&["a"], Some("1")), page(&["b", "c"], None)]).await;
    assert_snapshot!(list_tools(&server, &server.client().with_limits(limits)).await, @r#"
    "tools/list": the list exceeds the limit of 2 entries
    -> ListLimitExceeded
    asked {}
    asked {"cursor":"1"}
    "#);

    let mut limits = Limits::default();
    limits.max_list_bytes = 200;
    let long = |cursor| page(&["x".repeat(80).as_str()], cursor);
    let server = server_with_pages([long(Some("1")), long(None)]).await;
    assert_snapshot!(list_tools(&server, &server.client().with_limits(limits)).await, @r#"
    "tools/list": the list exceeds the limit of 200 bytes
    -> ListLimitExceeded
    asked {}
    asked {"cursor":"1"}
    "#);
}

#[tokio::test]
async fn error_on_a_later_page_fails_the_list() {
    let server =
        server_with_pages([page(&["a"], Some("1")), error(-32603, "broken", &Value::Null)]).await;
    assert_snapshot!(list_tools(&server, &server.client()).await, @r#"
    "tools/list" failed: broken (code -32603)
    -> Rpc
    asked {}
    asked {"cursor":"1"}
    "#);
}

#[tokio::test]
async fn tool_names_are_unique_across_pages() {
    let server = server_with_pages([page(&["a", "b"], Some("1")), page(&["b", "c"], None)]).await;
    let list = server.client().list_tools().await.unwrap();
    assert_eq!(names(&list), ["a", "b", "c"]);
    assert_snapshot!(format!("{:?}", list.invalid), @r#"[InvalidEntry { name: Some("b"), reason: "duplicate tool name" }]"#);
}

#[tokio::test]
async fn cache_hint_of_a_list_is_the_strictest_of_its_pages() {
    // N-CACHE-03, N-CACHE-06: one private page makes the whole list private
    let hinted = |ttl: u64, scope: Option<&str>, next: Option<&str>| {
        let mut page = json!({ "tools": [], "ttlMs": ttl });
        if let Some(scope) = scope {
            page["cacheScope"] = json!(scope);
        }
        if let Some(next) = next {
            page["nextCursor"] = json!(next);
        }
        result(&page)
    };
    for (scopes, public) in [
        ([Some("public"), Some("public")], true),
        ([Some("public"), Some("private")], false),
        ([Some("private"), Some("public")], false),
        ([Some("public"), None], false),
        ([None, None], false),
    ] {
        for (ttls, shortest) in [([5, 9], 5), ([9, 5], 5)] {
            let first = hinted(ttls[0], scopes[0], Some("1"));
            let server = server_with_pages([first, hinted(ttls[1], scopes[1], None)]).await;
            let cache = server.client().list_tools().await.unwrap().cache.unwrap();
            assert_eq!(cache.ttl.as_millis(), shortest, "{ttls:?}");
            assert_eq!(cache.public, public, "{scopes:?}");
        }
    }
}
