//! Prompts.

use mcp_types::error_code;
use serde_json::json;

use crate::support::{library, request_in_both_eras};

#[tokio::test]
async fn lists_and_gets_prompts_and_checks_their_arguments() {
    // PROMPT-01, PROMPT-02
    let server = library().start().await.unwrap();
    for response in request_in_both_eras(&server, "prompts/list", json!({})).await {
        let arguments = json!([
            { "name": "code", "required": true },
            { "name": "style", "required": false },
        ]);
        let expected = json!({ "prompts": [{ "name": "review", "arguments": arguments }] });
        assert_eq!(response["result"], expected);
    }
    let get = json!({ "name": "review", "arguments": { "code": "1 + 1" } });
    for response in request_in_both_eras(&server, "prompts/get", get).await {
        assert_eq!(response["result"]["messages"][0]["content"]["text"], "1 + 1");
    }
    assert_eq!(server.violations(), [""; 0]);

    for (params, message, violations) in [
        (json!({ "name": "other" }), "Unknown prompt: other", 0),
        (json!({ "name": "review" }), "Missing argument: code", 0),
        (json!({ "name": "review", "arguments": { "code": 1 } }), "Invalid arguments", 2),
    ] {
        let before = server.violations().len();
        for response in request_in_both_eras(&server, "prompts/get", params).await {
            assert_eq!(response["error"]["code"], error_code::INVALID_PARAMS);
            assert_eq!(response["error"]["message"], message);
        }
        assert_eq!(server.violations().len() - before, violations);
    }
}
