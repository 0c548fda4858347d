//! Resources: listing, reading, and missing resources.

use std::time::Duration;

use insta::assert_snapshot;
use mcp_client::{
    ResourceResult,
    mcp_types::v2026_07_28::{CacheScope, ResourceContents},
};
use mcp_testkit::{
    CallResult, Step, TestResource, TestResourceTemplate, TestServer, TestServerBuilder,
};
use serde_json::json;

use crate::support::{
    PROTOCOL_VERSIONS, Script, ScriptedServer, describe_result, error, initialize_response, result,
    start_and_connect,
};

fn resource_server() -> TestServerBuilder {
    let user = TestResourceTemplate::new("users://{id}", "user", |variables| {
        let text = format!("user {}", variables["id"]);
        CallResult::contents([json!({ "uri": variables["uri"], "text": text })])
    });
    let folder = TestResource::with_steps("file:///music/", "music", |_| {
        CallResult::contents([
            json!({ "uri": "file:///music/a", "blob": "AAEC", "mimeType": "audio/x" }),
            json!({ "uri": "file:///music/b", "text": "" }),
        ])
        .into()
    });
    let slow = TestResource::with_steps("x://later", "later", |context| match context.round() {
        0 => Step::retry(),
        _ => CallResult::contents([json!({ "uri": "x://later", "text": "now" })]).into(),
    });
    TestServer::builder()
        .resource(TestResource::new("file:///a.txt", "a", "text of a").member("size", 9))
        .resource(folder)
        .resource(slow)
        .resource_template(user)
        .caching(Duration::from_secs(7), CacheScope::Public)
}

fn describe(read: &ResourceResult) -> String {
    let part = |part: &ResourceContents| match part {
        ResourceContents::Text(text) => format!("{} {:?}", text.uri, text.text),
        ResourceContents::Blob(blob) => format!("{} blob {}", blob.uri, blob.blob),
        other => format!("{other:?}"),
    };
    read.contents.iter().map(part).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn resources_and_templates_are_listed_page_by_page() {
    // RES-02, PAGE-02, N-CACHE-02: only stateless versions have cache hints
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(resource_server().page_size(2), revision).await;
        let resources = client.list_resources().await.unwrap();
        let names: Vec<_> = resources.items.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["a", "music", "later"]);
        assert_eq!(resources.items[0].size, Some(9));
        assert_eq!(resources.invalid, []);
        let templates = client.list_resource_templates().await.unwrap();
        assert_eq!(templates.items[0].uri_template, "users://{id}");
        let hint = resources.cache.map(|hint| (hint.ttl, hint.public));
        let expected = (Duration::from_secs(7), true);
        assert_eq!(hint, (revision == PROTOCOL_VERSIONS[1]).then_some(expected));
        assert_eq!(templates.cache, resources.cache);
        assert_eq!(server.count("resources/list"), 2);
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn resource_contents_are_read_as_text_and_blob() {
    // RES-03, N-HTTP-05
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(resource_server(), revision).await;
        let read = client.read_resource("file:///a.txt").await.unwrap();
        assert_eq!(describe(&read), r#"file:///a.txt "text of a""#);
        assert_eq!(read.cache.is_some(), revision == PROTOCOL_VERSIONS[1]);
        let read = client.read_resource("file:///music/").await.unwrap();
        assert_eq!(describe(&read), r#"file:///music/a blob AAEC, file:///music/b """#);
        let read = client.read_resource("users://ü 7").await.unwrap();
        assert_eq!(describe(&read), r#"users://ü 7 "user \"ü 7\"""#);
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn resource_that_required_input_has_no_cache_hint() {
    // N-CACHE-01, N-MRTR-08: the same request would require the input again
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(resource_server(), revision).await;
        let read = client.read_resource("x://later").await.unwrap();
        assert_eq!(describe(&read), r#"x://later "now""#);
        assert_eq!(read.cache, None);
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn missing_resource_is_not_found_in_every_version() {
    // RES-06, N-RES-01
    for revision in PROTOCOL_VERSIONS {
        let (_server, client) = start_and_connect(resource_server(), revision).await;
        let error = client.read_resource("file:///none").await.unwrap_err();
        assert!(error.is_not_found(), "{error:?}");
        assert!(!client.get_prompt("none", ()).await.unwrap_err().is_not_found());
    }
    for (code, expected) in [(-32002, true), (-32602, true), (-32603, false), (-32601, false)] {
        let response = error(code, "no", &json!({ "uri": "a://b" }));
        let server = resource_script().on("resources/read", response).start().await;
        let error = server.client().read_resource("a://b").await.unwrap_err();
        assert_eq!(error.is_not_found(), expected, "{code}");
    }
    // A rejected cursor is not a missing resource.
    let server = resource_script().on("resources/list", error(-32602, "no", &json!(null)));
    let error = server.start().await.client().list_resources().await.unwrap_err();
    assert!(!error.is_not_found());
}

fn resource_script() -> Script {
    let mut opening = json!({ "protocolVersion": "2025-11-25", "capabilities": {} });
    opening["capabilities"]["resources"] = json!({});
    opening["serverInfo"] = json!({ "name": "peer", "version": "1" });
    Script::new().on("initialize", result(&opening))
}

#[tokio::test]
async fn invalid_read_result_is_an_error() {
    for bad in [json!({}), json!({ "contents": [{ "uri": "a://b" }, 1] }), json!({ "contents": 1 })]
    {
        let server = resource_script().on("resources/read", result(&bad)).start().await;
        let read = server.client().read_resource("a://b").await;
        assert!(describe_result(read).contains("\"resources/read\": invalid response"), "{bad}");
    }
}

#[tokio::test]
async fn resources_are_not_read_without_the_capability() {
    // RES-01, LIFE-09
    let server: ScriptedServer =
        Script::new().on("initialize", initialize_response("2025-11-25")).start().await;
    let client = server.client();
    assert_snapshot!(describe_result(client.read_resource("a://b").await), @r#"
    "resources/read": the server does not declare the capability "resources"
    -> MissingCapability, did not run
    "#);
    assert_eq!(server.requests_of("resources/read").await.len(), 0);
}
