//! What there is besides tools: prompts, resources, completion and the log.

use mcp_testkit::{Ask, Builder, CallAnswer, Prompt, Resource, ResourceTemplate, TestServer, Turn};
use mcp_types::{Revision, error_code};
use serde_json::{Value, json};

use crate::{
    complete::Complete,
    events::Events,
    peer::{Peer, read, tool},
};

fn builder() -> Builder {
    TestServer::builder().revisions([Revision::V2025_11_25, Revision::V2026_07_28])
}

fn library() -> Builder {
    let review = Prompt::new("review", |args| {
        let content = json!({ "type": "text", "text": args["code"] });
        CallAnswer::messages([json!({ "role": "user", "content": content })])
    });
    let user = ResourceTemplate::new("users://{id}", "user", |variables| {
        CallAnswer::contents([json!({ "uri": variables["uri"], "text": variables["id"] })])
    });
    builder()
        .prompt(review.argument("code", true).argument("style", false))
        .resource(Resource::new("file:///a", "a", "A").member("mimeType", "text/plain"))
        .resource_template(user.member("title", "Users"))
}

/// The same request in both eras; what a result has in one of them only is left out.
async fn ask_both(server: &TestServer, method: &str, params: Value) -> [Value; 2] {
    let old = Peer::open(server).await.ask(method, params.clone()).await;
    let mut new = Complete::new(server).ask(method, params).await;
    if let Some(result) = new["result"].as_object_mut() {
        assert_eq!(result.remove("resultType"), Some(json!("complete")));
        for member in ["_meta", "ttlMs", "cacheScope"] {
            result.remove(member);
        }
    }
    [old, new]
}

#[tokio::test]
async fn prompts_are_listed_and_got() {
    // PROMPT-01, PROMPT-02
    let server = library().start().await.unwrap();
    for answer in ask_both(&server, "prompts/list", json!({})).await {
        let arguments = json!([
            { "name": "code", "required": true },
            { "name": "style", "required": false },
        ]);
        let expected = json!({ "prompts": [{ "name": "review", "arguments": arguments }] });
        assert_eq!(answer["result"], expected);
    }
    let get = json!({ "name": "review", "arguments": { "code": "1 + 1" } });
    for answer in ask_both(&server, "prompts/get", get).await {
        assert_eq!(answer["result"]["messages"][0]["content"]["text"], "1 + 1");
    }
    assert_eq!(server.violations(), [""; 0]);

    for (params, message, violations) in [
        (json!({ "name": "other" }), "Unknown prompt: other", 0),
        (json!({ "name": "review" }), "Missing argument: code", 0),
        (json!({ "name": "review", "arguments": { "code": 1 } }), "Invalid arguments", 2),
    ] {
        let before = server.violations().len();
        for answer in ask_both(&server, "prompts/get", params).await {
            assert_eq!(answer["error"]["code"], error_code::INVALID_PARAMS);
            assert_eq!(answer["error"]["message"], message);
        }
        assert_eq!(server.violations().len() - before, violations);
    }
}

#[tokio::test]
async fn resources_are_listed_and_read() {
    // RES-02, RES-03, RES-06, N-RES-01
    let server = library().start().await.unwrap();
    let resource = json!({ "uri": "file:///a", "name": "a", "mimeType": "text/plain" });
    for answer in ask_both(&server, "resources/list", json!({})).await {
        assert_eq!(answer["result"], json!({ "resources": [resource] }));
    }
    let template = json!({ "uriTemplate": "users://{id}", "name": "user", "title": "Users" });
    for answer in ask_both(&server, "resources/templates/list", json!({})).await {
        assert_eq!(answer["result"], json!({ "resourceTemplates": [template] }));
    }
    for (uri, text) in [("file:///a", "A"), ("users://7", "7")] {
        for answer in ask_both(&server, "resources/read", json!({ "uri": uri })).await {
            let contents = json!([{ "uri": uri, "text": text }]);
            assert_eq!(answer["result"], json!({ "contents": contents }));
        }
    }
    let codes = [error_code::RESOURCE_NOT_FOUND, error_code::INVALID_PARAMS];
    let answers = ask_both(&server, "resources/read", json!({ "uri": "file:///b" })).await;
    for (answer, code) in answers.iter().zip(codes) {
        assert_eq!(answer["error"]["code"], code);
        assert_eq!(answer["error"]["data"], json!({ "uri": "file:///b" }));
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn prompts_and_resources_come_and_go() {
    let server = builder().start().await.unwrap();
    server.add_prompt(Prompt::new("p", |_| CallAnswer::messages([])));
    server.add_resource(Resource::new("r:", "r", "old"));
    server.add_resource(Resource::new("r:", "r", "new"));
    for answer in ask_both(&server, "resources/read", json!({ "uri": "r:" })).await {
        assert_eq!(answer["result"]["contents"], json!([{ "uri": "r:", "text": "new" }]));
    }
    for (list, removed) in [("prompts/list", "prompts"), ("resources/list", "resources")] {
        for answer in ask_both(&server, list, json!({})).await {
            assert_eq!(answer["result"][removed].as_array().map(Vec::len), Some(1));
        }
    }
    assert_eq!((server.remove_prompt("r:"), server.remove_resource("p")), (false, false));
    assert_eq!((server.remove_prompt("p"), server.remove_resource("r:")), (true, true));
    for answer in ask_both(&server, "resources/list", json!({})).await {
        assert_eq!(answer["result"], json!({ "resources": [] }), "it was declared");
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn prompts_and_resources_may_ask_too() {
    // N-MRTR-01
    let roots = |round: &mcp_testkit::Round| match round.answer("roots") {
        None => Turn::ask("roots", Ask::roots()),
        Some(roots) => CallAnswer::messages([]).member("roots", roots.clone()).into(),
    };
    let builder = builder().prompt(Prompt::asking("p", roots));
    let server = builder.resource(Resource::asking("r:", "r", roots)).start().await.unwrap();
    let able = json!({ "roots": {} });
    let mut client = Complete { capabilities: able.clone(), ..Complete::new(&server) };
    let mut peer = Peer::open_as(&server, able).await;
    for (method, params) in
        [("prompts/get", json!({ "name": "p" })), ("resources/read", json!({ "uri": "r:" }))]
    {
        let first = client.ask(method, params.clone()).await["result"].take();
        assert_eq!(first["resultType"], "input_required");
        let mut again = params.clone();
        again["requestState"] = first["requestState"].clone();
        again["inputResponses"] = json!({ "roots": { "roots": [] } });
        let last = client.ask(method, again).await;
        assert_eq!(last["result"]["roots"], json!({ "roots": [] }));

        let mut events = Events::of(peer.request(method, params).await);
        let asked = events.message().await;
        peer.answer(&asked["id"], json!({ "roots": [] })).await;
        assert_eq!(events.message().await["result"]["roots"], json!({ "roots": [] }));
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn all_lists_come_in_pages() {
    // PAGE-02, N-PAGE-01
    let mut builder = builder().page_size(2);
    for name in ["a", "b", "c"] {
        builder = builder
            .tool(tool(name, ""))
            .prompt(Prompt::new(name, |_| CallAnswer::messages([])))
            .resource(Resource::new(name, name, ""))
            .resource_template(ResourceTemplate::new(name, name, |_| CallAnswer::contents([])));
    }
    let server = builder.start().await.unwrap();
    let mut cursors = Vec::new();
    for (method, list) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        let [first, same] = ask_both(&server, method, json!({})).await;
        assert_eq!(first["result"], same["result"]);
        let cursor = first["result"]["nextCursor"].clone();
        assert_eq!(first["result"][list].as_array().map(Vec::len), Some(2));
        for second in ask_both(&server, method, json!({ "cursor": cursor })).await {
            assert_eq!(second["result"][list].as_array().map(Vec::len), Some(1));
            assert_eq!(second["result"].get("nextCursor"), None);
        }
        cursors.push(cursor);
    }
    let [refused, _] = ask_both(&server, "tools/list", json!({ "cursor": cursors[1] })).await;
    assert_eq!(refused["error"]["code"], error_code::INVALID_PARAMS, "of another list");
}

#[tokio::test]
async fn arguments_are_completed() {
    // COMP-01, COMP-02, N-COMP-01
    let server = library().completion(|params| {
        let typed = params["argument"]["value"].as_str().unwrap_or_default();
        (0..120).map(|number| format!("{typed}{number}")).collect()
    });
    let server = server.start().await.unwrap();
    let request = json!({
        "ref": { "type": "ref/prompt", "name": "review" },
        "argument": { "name": "style", "value": "s" },
    });
    for answer in ask_both(&server, "completion/complete", request.clone()).await {
        let completion = &answer["result"]["completion"];
        assert_eq!(completion["values"].as_array().map(Vec::len), Some(100));
        assert_eq!(completion["values"][7], "s7");
        assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(120), &json!(true)));
    }
    assert_eq!(server.violations(), [""; 0]);
    for member in ["ref", "argument"] {
        let mut without = request.clone();
        without[member] = json!({});
        for answer in ask_both(&server, "completion/complete", without).await {
            assert_eq!(answer["error"]["message"], format!("Invalid {member}"));
        }
    }
}

#[tokio::test]
async fn only_what_there_is_is_declared() {
    // LIFE-09
    let server = library().completion(|_| Vec::new()).logging().allow_get(true);
    let server = server.start().await.unwrap();
    let expected = json!({
        "tools": { "listChanged": true },
        "prompts": { "listChanged": true },
        "resources": { "listChanged": true, "subscribe": true },
        "completions": {},
        "logging": {},
    });
    let discovered = Complete::new(&server).ask("server/discover", json!({})).await;
    assert_eq!(discovered["result"]["capabilities"], expected);
    let begun = read(Peer::new(&server).initialize("2025-11-25").await).await;
    assert_eq!(begun["result"]["capabilities"], expected);

    let bare = builder().start().await.unwrap();
    let begun = read(Peer::new(&bare).initialize("2025-11-25").await).await;
    assert_eq!(begun["result"]["capabilities"], json!({ "tools": { "listChanged": false } }));
    let mut peer = Peer::open(&bare).await;
    for method in [
        "prompts/list",
        "prompts/get",
        "resources/read",
        "resources/subscribe",
        "completion/complete",
        "logging/setLevel",
        "server/discover",
    ] {
        let params = json!({ "uri": "a", "name": "a", "level": "info" });
        let answer = peer.ask(method, params).await;
        assert_eq!(answer["error"]["code"], error_code::METHOD_NOT_FOUND, "{method}");
    }
    assert_eq!(bare.violations().len(), 7);
}
