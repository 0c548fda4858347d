//! Argument completion.

use serde_json::json;

use crate::support::{library, request_in_both_eras};

#[tokio::test]
async fn completes_arguments_with_at_most_100_values() {
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
    for response in request_in_both_eras(&server, "completion/complete", request.clone()).await {
        let completion = &response["result"]["completion"];
        assert_eq!(completion["values"].as_array().map(Vec::len), Some(100));
        assert_eq!(completion["values"][7], "s7");
        assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(120), &json!(true)));
    }
    assert_eq!(server.violations(), [""; 0]);
    for member in ["ref", "argument"] {
        let mut without = request.clone();
        without[member] = json!({});
        for response in request_in_both_eras(&server, "completion/complete", without).await {
            assert_eq!(response["error"]["message"], format!("Invalid {member}"));
        }
    }
}
