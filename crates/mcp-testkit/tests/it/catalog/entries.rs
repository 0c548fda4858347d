//! Adding, removing and paging the entries of a server.

use mcp_testkit::{CallResult, TestPrompt, TestResource, TestResourceTemplate, TestServer};
use mcp_types::error_code;
use serde_json::{Value, json};

use crate::support::{StatefulClient, both_eras, names, request_in_both_eras, tool};

#[tokio::test]
async fn lists_prompts_and_resources_added_and_removed_at_runtime() {
    let server = both_eras().start().await.unwrap();
    server.add_prompt(TestPrompt::new("p", |_| CallResult::messages([])));
    server.add_resource(TestResource::new("r:", "r", "old"));
    server.add_resource(TestResource::new("r:", "r", "new"));
    for response in request_in_both_eras(&server, "resources/read", json!({ "uri": "r:" })).await {
        assert_eq!(response["result"]["contents"], json!([{ "uri": "r:", "text": "new" }]));
    }
    for (list, removed) in [("prompts/list", "prompts"), ("resources/list", "resources")] {
        for response in request_in_both_eras(&server, list, json!({})).await {
            assert_eq!(response["result"][removed].as_array().map(Vec::len), Some(1));
        }
    }
    assert_eq!((server.remove_prompt("r:"), server.remove_resource("p")), (false, false));
    assert_eq!((server.remove_prompt("p"), server.remove_resource("r:")), (true, true));
    for response in request_in_both_eras(&server, "resources/list", json!({})).await {
        assert_eq!(response["result"], json!({ "resources": [] }), "it was declared");
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn pages_every_list_and_rejects_a_cursor_of_another_list() {
    // PAGE-02, N-PAGE-01
    let mut builder = both_eras().page_size(2);
    for name in ["a", "b", "c"] {
        builder = builder
            .tool(tool(name, ""))
            .prompt(TestPrompt::new(name, |_| CallResult::messages([])))
            .resource(TestResource::new(name, name, ""))
            .resource_template(TestResourceTemplate::new(name, name, |_| CallResult::contents([])));
    }
    let server = builder.start().await.unwrap();
    let mut cursors = Vec::new();
    for (method, list) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let [first, same] = request_in_both_eras(&server, method, json!({})).await;
        assert_eq!(first["result"], same["result"]);
        let cursor = first["result"]["nextCursor"].clone();
        assert_eq!(first["result"][list].as_array().map(Vec::len), Some(2));
        for second in request_in_both_eras(&server, method, json!({ "cursor": cursor })).await {
            assert_eq!(second["result"][list].as_array().map(Vec::len), Some(1));
            assert_eq!(second["result"].get("nextCursor"), None);
        }
        cursors.push(cursor);
    }
    let [rejected, _] =
        request_in_both_eras(&server, "tools/list", json!({ "cursor": cursors[1] })).await;
    assert_eq!(rejected["error"]["code"], error_code::INVALID_PARAMS, "of another list");
}

#[tokio::test]
async fn pages_tools_in_order_with_opaque_cursors() {
    let builder = ["a", "b", "c", "d", "e"]
        .into_iter()
        .fold(TestServer::builder().page_size(2), |builder, name| builder.tool(tool(name, "")));
    let server = builder.start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;

    let mut pages = Vec::new();
    let mut params = json!({});
    loop {
        let page = stateful.request_json("tools/list", params).await;
        pages.push(names(&page).join(""));
        match &page["result"]["nextCursor"] {
            Value::Null => break,
            cursor => params = json!({ "cursor": cursor }),
        }
    }
    assert_eq!(pages, ["ab", "cd", "e"]);

    let response = stateful.request_json("tools/list", json!({ "cursor": "2" })).await;
    assert_eq!(response["error"]["code"], error_code::INVALID_PARAMS);
}
