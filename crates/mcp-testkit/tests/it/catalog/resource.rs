//! Resources and resource templates.

use mcp_types::error_code;
use serde_json::json;

use crate::support::{library, request_in_both_eras};

#[tokio::test]
async fn lists_and_reads_resources_and_templates() {
    // RES-02, RES-03, RES-06, N-RES-01
    let server = library().start().await.unwrap();
    let resource = json!({ "uri": "file:///a", "name": "a", "mimeType": "text/plain" });
    for response in request_in_both_eras(&server, "resources/list", json!({})).await {
        assert_eq!(response["result"], json!({ "resources": [resource] }));
    }
    let template = json!({ "uriTemplate": "users://{id}", "name": "user", "title": "Users" });
    for response in request_in_both_eras(&server, "resources/templates/list", json!({})).await {
        assert_eq!(response["result"], json!({ "resourceTemplates": [template] }));
    }
    for (uri, text) in [("file:///a", "A"), ("users://7", "7")] {
        for response in request_in_both_eras(&server, "resources/read", json!({ "uri": uri })).await
        {
            let contents = json!([{ "uri": uri, "text": text }]);
            assert_eq!(response["result"], json!({ "contents": contents }));
        }
    }
    let codes = [error_code::RESOURCE_NOT_FOUND, error_code::INVALID_PARAMS];
    let responses =
        request_in_both_eras(&server, "resources/read", json!({ "uri": "file:///b" })).await;
    for (response, code) in responses.iter().zip(codes) {
        assert_eq!(response["error"]["code"], code);
        assert_eq!(response["error"]["data"], json!({ "uri": "file:///b" }));
    }
    assert_eq!(server.violations(), [""; 0]);
}
