//! The capabilities that a server declares.

use mcp_types::error_code;
use serde_json::json;

use crate::support::{Complete, Peer, both_eras, library, read};

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

    let bare = both_eras().start().await.unwrap();
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
