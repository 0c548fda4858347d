//! The capabilities that a server declares.

use mcp_types::error_code;
use serde_json::json;

use crate::support::{StatefulClient, StatelessClient, both_eras, library, read};

#[tokio::test]
async fn declares_only_configured_capabilities_and_rejects_other_methods() {
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
    let discovered = StatelessClient::new(&server).request_json("server/discover", json!({})).await;
    assert_eq!(discovered["result"]["capabilities"], expected);
    let begun = read(StatefulClient::new(&server).initialize("2025-11-25").await).await;
    assert_eq!(begun["result"]["capabilities"], expected);

    let bare = both_eras().start().await.unwrap();
    let begun = read(StatefulClient::new(&bare).initialize("2025-11-25").await).await;
    assert_eq!(begun["result"]["capabilities"], json!({ "tools": { "listChanged": false } }));
    let mut stateful = StatefulClient::connect(&bare).await;
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
        let response = stateful.request_json(method, params).await;
        assert_eq!(response["error"]["code"], error_code::METHOD_NOT_FOUND, "{method}");
    }
    assert_eq!(bare.violations().len(), 7);
}
