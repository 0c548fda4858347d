//! The types of 2026-07-28 read and write the messages of clients and servers.

use mcp_types::{JsonObject, Method, MethodKind, OrInputRequired, RequestId, v2026_07_28::*};
use serde_json::{Value, json};

use crate::support::reading::{error, object, read};

type CallResult = <CallToolRequest as Method>::Result;

#[test]
fn the_result_type_selects_the_result() {
    let complete = r#"{"resultType":"complete","content":[],"structuredContent":null}"#;
    let OrInputRequired::Complete(result) = read::<CallResult>(complete) else {
        panic!("not complete")
    };
    assert_eq!(result.structured_content, Some(Value::Null));

    let input = r#"{"_meta":{},"requestState":"s","resultType":"input_required"}"#;
    let OrInputRequired::InputRequired(input) = read::<CallResult>(input) else {
        panic!("no input")
    };
    assert_eq!(input.request_state.as_deref(), Some("s"));

    let task = r#"{"taskId":"1","resultType":"task"}"#;
    assert!(matches!(read(task), CallResult::Unknown(task) if task["taskId"] == "1"));
}

#[test]
fn a_result_without_a_type_is_complete() {
    // N-BASE-05
    let result = r#"{"_meta":{"k":1},"x":[],"content":[]}"#;
    let OrInputRequired::Complete(result) = read::<CallResult>(result) else {
        panic!("not complete")
    };
    assert_eq!((result.result_type, result.extra["x"].clone()), (None, json!([])));
    assert!(error::<CallResult>(r#"{"requestState":"s"}"#).starts_with(".content: missing"));
}

#[test]
fn a_result_type_after_other_members_counts() {
    let complete = r#"{"content":[],"resultType":"complete"}"#;
    assert!(matches!(read(complete), CallResult::Complete(_)));
    let task = r#"{"content":[{"type":"text","text":"a"}],"resultType":"task","ttl":50.5}"#;
    assert!(matches!(read(task), CallResult::Unknown(task) if task["ttl"] == 50.5));
    let input = r#"{"content":[],"requestState":"s","resultType":"input_required"}"#;
    let CallResult::InputRequired(input) = read(input) else { panic!("no input") };
    assert_eq!(input.extra, object(json!({ "content": [] })));
    let input = r#"{"content":[],"inputRequests":{"a":7},"resultType":"input_required"}"#;
    let problem = ".inputRequests.a: invalid type: integer `7`, expected an object (InputRequest)";
    assert_eq!(error::<CallResult>(input), format!("{problem} at line 1 column {}", input.len()));
}

#[test]
fn a_result_of_an_unknown_type_prints_its_type_first() {
    // Otherwise, it would be read as a complete result with an invalid `isError`.
    let text = r#"{"resultType":"later","isError":"no","x":1}"#;
    let answer: CallResult = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&answer).unwrap(), text);
}

#[test]
fn deep_truncated_and_duplicate_results_are_errors() {
    let deep = "[".repeat(9999) + &"]".repeat(9999);
    for (before, after) in [("", r#","resultType":"complete""#), (r#""content":[],"#, "")] {
        let text = format!(r#"{{{before}"x":{deep}{after}}}"#);
        assert!(error::<CallResult>(&text).contains("recursion limit"));
    }
    let late = r#"{"_meta":{},"content":[{"type":"text","text":"a"}],"resultType":"task"}"#;
    let input = r#"{"inputRequests":{"a":{"method":"roots/list"}},"resultType":"input_required"}"#;
    for text in [late, input] {
        assert!((0..text.len()).all(|end| !error::<CallResult>(&text[..end]).is_empty()));
    }
    error::<CallResult>(r#"{"content":[],"resultType":"complete","resultType":"input_required"}"#);
    error::<CallResult>(r#"{"resultType":"task","content":[],"resultType":"complete"}"#);
    error::<CallResult>(r#"{"resultType":"complete","content":[],"resultType":"input_required"}"#);
}

#[test]
fn required_members_of_results_may_be_missing() {
    // N-BASE-05, N-CACHE-02, N-CACHE-03
    let result: ListToolsResult = read(r#"{"tools":[]}"#);
    assert_eq!((result.result_type, result.ttl_ms, result.cache_scope), (None, None, None));
    let result: ListToolsResult = read(r#"{"tools":[],"ttlMs":-1,"cacheScope":"tenant"}"#);
    assert_eq!(result.cache_scope, Some(CacheScope::Unknown("tenant".to_owned())));
    assert_eq!(result.ttl_ms, Some(-1));
    read::<DiscoverResult>(r#"{"supportedVersions":["2026-07-28"],"capabilities":{}}"#);
}

#[test]
fn a_new_result_has_the_members_that_the_schema_requires() {
    let list = serde_json::to_value(ListToolsResult::new(Vec::new())).unwrap();
    let defaults = ["resultType", "ttlMs", "cacheScope"].map(|name| list[name].clone());
    assert_eq!(defaults, [json!("complete"), json!(0), json!("private")]);
    let input = CallResult::InputRequired(InputRequiredResult::new().with_request_state("s"));
    let input = serde_json::to_string(&input).unwrap();
    assert!(matches!(read(&input), CallResult::InputRequired(_)), "{input}");
}

#[test]
fn an_invalid_ttl_is_kept_as_an_extra_member() {
    // N-CACHE-02
    for ttl in ["1.5", "18446744073709551615", "-9223372036854775809", "1e300"] {
        let list: ListToolsResult = read(&format!(r#"{{"ttlMs":{ttl},"tools":[]}}"#));
        assert_eq!(list.ttl_ms, None);
    }
    let list: ListToolsResult = serde_json::from_str(r#"{"tools":[],"ttlMs":null}"#).unwrap();
    assert_eq!((list.ttl_ms, list.extra), (None, JsonObject::new()));
    let mut list: ListToolsResult = serde_json::from_str(r#"{"tools":[],"ttlMs":1.5}"#).unwrap();
    list.ttl_ms = Some(7);
    assert_eq!(serde_json::to_string(&list).unwrap(), r#"{"tools":[],"ttlMs":7}"#);
    for twice in [r#""ttlMs":1,"ttlMs":1.5"#, r#""ttlMs":1.5,"ttlMs":1"#, r#""ttlMs":1,"ttlMs":1"#]
    {
        let error = error::<ListToolsResult>(&format!(r#"{{"tools":[],{twice}}}"#));
        assert!(error.starts_with(".ttlMs: duplicate member"), "{error}");
    }
}

#[test]
fn integers_may_have_a_fraction_of_zero() {
    let result: ListToolsResult = serde_json::from_str(r#"{"tools":[],"ttlMs":60000.0}"#).unwrap();
    assert_eq!(result.ttl_ms, Some(60_000));
    let cancelled: CancelledNotificationParams =
        serde_json::from_str(r#"{"requestId":7.0}"#).unwrap();
    assert_eq!(cancelled.request_id, RequestId::Number(7));
}

#[test]
fn capability_settings_are_kept_unchanged() {
    let capabilities = r#"{"logging":{},"extensions":{"a/b":{"x":1.5,"y":null},"c/d":true}}"#;
    let capabilities: ServerCapabilities = read(capabilities);
    assert_eq!(capabilities.logging, Some(JsonObject::new()));
    assert_eq!(capabilities.completions, None);
    let capabilities: ClientCapabilities =
        read(r#"{"experimental":{"x":1.5},"roots":{"listChanged":true},"elicitation":{}}"#);
    assert_eq!(capabilities.roots, Some(object(json!({ "listChanged": true }))));
    assert_eq!(capabilities.elicitation, Some(ClientCapabilitiesElicitation::default()));
}

#[test]
fn unknown_metadata_is_kept() {
    let info = r#"{"name":"n","version":"1"}"#;
    let meta = format!(r#"{{"io.modelcontextprotocol/serverInfo":{info},"traceparent":"t"}}"#);
    let meta: ResultMetaObject = read(&meta);
    assert_eq!(meta.server_info, Some(Implementation::new("n", "1")));
    assert_eq!(meta.extra["traceparent"], "t");

    let meta = RequestMetaObject::new(ClientCapabilities::default(), "2026-07-28");
    let params = PaginatedRequestParams::new(meta);
    let expected = json!({ "_meta": {
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    } });
    assert_eq!(serde_json::to_value(&params).unwrap(), expected);
}

#[test]
fn input_requests_and_responses_are_maps_by_name() {
    let requests = r#"{
        "form": { "method": "elicitation/create", "params": {
            "message": "m", "requestedSchema": { "type": "object", "properties": {} } } },
        "model": { "params": { "messages": [], "maxTokens": 1 }, "method": "sampling/createMessage" },
        "roots": { "method": "roots/list", "id": 1 },
        "later": { "method": "later/x", "params": [] }
    }"#;
    let requests: InputRequests = read(requests);
    assert!(matches!(&requests["form"], InputRequest::Elicit(_)));
    assert!(matches!(&requests["model"], InputRequest::CreateMessage(_)));
    assert!(matches!(&requests["roots"], InputRequest::ListRoots(roots) if roots.extra["id"] == 1));
    assert!(matches!(&requests["later"], InputRequest::Unknown(_)));

    let responses = r#"{
        "form": { "action": "accept", "content": { "a": 1.5, "b": ["c"] } },
        "model": { "role": "assistant", "model": "m", "content": { "type": "text", "text": "" } },
        "roots": { "roots": [] },
        "later": { "x": 1 }
    }"#;
    let responses: InputResponses = read(responses);
    assert!(matches!(&responses["form"], InputResponse::Elicit(_)));
    assert!(matches!(&responses["model"], InputResponse::CreateMessage(_)));
    assert!(matches!(&responses["roots"], InputResponse::ListRoots(_)));
    assert!(matches!(&responses["later"], InputResponse::Unknown(_)));
}

#[test]
fn error_data_has_types() {
    let data = r#"{"supported":["2026-07-28"],"requested":"1900-01-01"}"#;
    assert_eq!(read::<UnsupportedProtocolVersionErrorData>(data).requested, "1900-01-01");
    let data = r#"{"requiredCapabilities":{"elicitation":{}}}"#;
    let data: MissingRequiredClientCapabilityErrorData = read(data);
    assert!(data.required_capabilities.elicitation.is_some());
}

#[test]
fn methods_are_listed_by_direction() {
    let of = |kind, by_client| -> Vec<&str> {
        let methods = Methods::ALL.iter();
        methods
            .filter(|method| method.kind == kind && method.by_client == by_client)
            .map(|method| method.name)
            .collect()
    };
    let requests = of(MethodKind::Request, true);
    assert_eq!(requests.len(), 10, "{requests:?}");
    assert!(requests.contains(&CallToolRequest::NAME));
    assert_eq!(of(MethodKind::Request, false), [""; 0]);
    assert_eq!(of(MethodKind::Notification, true), ["notifications/cancelled"]);
    assert_eq!(of(MethodKind::Notification, false).len(), 7);
    let input = ["elicitation/create", "roots/list", "sampling/createMessage"];
    assert_eq!(of(MethodKind::Input, false), input);
}
