//! The types of 2025-11-25 read and write the messages of clients and servers.

use mcp_types::{
    JsonObject, JsonRpcMessage, Method, NotificationMethod, OneOrMany, RequestId, Schema,
    v2025_11_25::*,
};
use serde_json::{Map, Value, json};

use crate::support::reading::{error, object, read};

#[test]
fn the_type_selects_the_content_block() {
    let audio = r#"{"type":"audio","data":"AA==","mimeType":"audio/wav"}"#;
    assert_eq!(read::<ContentBlock>(audio), AudioContent::new("AA==", "audio/wav").into());
    let image = r#"{"data":"AA==","mimeType":"image/png","_meta":{"a":null},"type":"image"}"#;
    let ContentBlock::Image(image) = read(image) else { panic!("not an image") };
    assert_eq!(image.meta, Some(object(json!({ "a": null }))));
    let link = r#"{"uri":"a:b","type":"resource_link","name":"n","size":5}"#;
    assert!(matches!(read(link), ContentBlock::ResourceLink(link) if link.size == Some(5)));
    let tool_use = r#"{"input":{"a":[1]},"id":"1","name":"n","type":"tool_use"}"#;
    assert!(matches!(read(tool_use), SamplingMessageContentBlock::ToolUse(_)));
    let reference = r#"{"name":"n","type":"ref/prompt"}"#;
    assert!(matches!(read(reference), CompletionReference::Prompt(_)));
}

/// Blocks are moved often, so rare variants with many members must not enlarge them.
#[test]
fn a_content_block_has_at_most_128_bytes() {
    // A map that keeps the order of its members has 72 bytes instead of 24. A block holds two maps.
    let larger_maps = 2 * (size_of::<Map<String, Value>>() - 24);
    assert!(size_of::<ContentBlock>() <= 128 + larger_maps, "{}", size_of::<ContentBlock>());
}

#[test]
fn strings_before_the_type_are_read() {
    let text = r#"{"annotations":{"priority":1},"text":"a\u0062\n","type":"text"}"#;
    assert!(matches!(read(text), ContentBlock::Text(text) if text.text == "ab\n"));
    let link = r#"{"description":null,"name":"n","title":"t","uri":"a:b","type":"resource_link"}"#;
    let link: ContentBlock = serde_json::from_str(link).unwrap();
    let ContentBlock::ResourceLink(link) = link else { panic!("not a link") };
    assert_eq!((link.description, link.title.as_deref()), (None, Some("t")));
    for wrong in ["1.5", "null", "[]", r#"{"a":1}"#] {
        let other = format!(r#"{{"data":{wrong},"text":{wrong},"type":"other"}}"#);
        assert!(matches!(read(&other), ContentBlock::Unknown(object) if object.len() == 3));
        let error = error::<ContentBlock>(&format!(r#"{{"text":{wrong},"type":"text"}}"#));
        assert!(error.starts_with(".text: invalid type: "), "{error}");
    }
    for twice in [r#""text":"","type":"text","text":"""#, r#""text":"","text":"","type":"text""#] {
        let error = error::<ContentBlock>(&format!("{{{twice}}}"));
        assert!(error.starts_with(".text: duplicate member"), "{error}");
    }
}

#[test]
fn the_tag_is_written_first() {
    let text = TextContent::new("hi");
    let expected = r#"{"type":"text","text":"hi"}"#;
    assert_eq!(serde_json::to_string(&text).unwrap(), expected);
    assert_eq!(serde_json::to_string(&ContentBlock::from(text.clone())).unwrap(), expected);
    assert_eq!(read::<TextContent>(expected), text);
}

#[test]
fn unknown_variants_are_kept() {
    let video = r#"{"later":[1,{"a":null}],"type":"video","text":"x"}"#;
    assert!(matches!(read(video), ContentBlock::Unknown(block) if block["type"] == "video"));
    let contents = r#"{"uri":"a:b","stream":"x"}"#;
    assert!(matches!(read(contents), ResourceContents::Unknown(object) if object.len() == 2));
    let params = r#"{"mode":"video","message":"x"}"#;
    assert!(matches!(read(params), ElicitRequestParams::Unknown(_)));
}

#[test]
fn an_unknown_variant_with_two_tags_is_an_error() {
    for text in [
        r#"{"type":"video","type":"text","text":"x"}"#,
        r#"{"text":"x","type":"video","type":"text"}"#,
        r#"{"type":"video","text":"x","type":null}"#,
    ] {
        assert!(error::<ContentBlock>(text).starts_with(".type: duplicate member"));
    }
    error::<ElicitRequestParams>(r#"{"mode":"video","message":"x","mode":"url"}"#);
}

#[test]
fn a_member_selects_the_resource_contents() {
    let text = r#"{"uri":"a:b","mimeType":"text/plain","text":"x","_meta":{},"more":1}"#;
    assert!(matches!(read(text), ResourceContents::Text(text) if text.extra["more"] == 1));
    let blob = r#"{"blob":"AA==","uri":"a:b"}"#;
    let expected = BlobResourceContents::new("a:b", "AA==").into();
    assert_eq!(read::<ResourceContents>(blob), expected);
    let resource = r#"{"resource":{"uri":"a:b","text":"x"},"type":"resource"}"#;
    assert!(matches!(read(resource), ContentBlock::Resource(_)));
}

#[test]
fn resource_contents_do_not_depend_on_member_order() {
    let both = |one: &str, other: &str| {
        [(one, other), (other, one)]
            .map(|(first, second)| format!(r#"{{{first},"uri":"a:b",{second}}}"#))
    };
    for text in both(r#""blob":null"#, r#""text":"x""#) {
        assert!(matches!(read(&text), ResourceContents::Text(text) if text.text == "x"));
    }
    for text in both(r#""blob":"AA==""#, r#""text":null"#) {
        assert!(matches!(read(&text), ResourceContents::Blob(blob) if blob.blob == "AA=="));
    }
    for text in both(r#""text":null"#, r#""blob":null"#) {
        assert!(matches!(read(&text), ResourceContents::Unknown(_)));
    }
    for text in both(r#""blob":"AA==""#, r#""text":"x""#) {
        let wrong = error::<ResourceContents>(&text);
        assert!(wrong.contains(r#": not allowed in ResourceContents ""#), "{wrong}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(serde_json::from_value::<ResourceContents>(value).is_err());
    }
    for text in both(r#""text":null"#, r#""text":"x""#) {
        assert!(error::<ResourceContents>(&text).starts_with(".text: "));
    }
    assert!(error::<ResourceContents>(r#"{"text":1}"#).starts_with(".text: invalid type: integer"));
}

#[test]
fn an_elicitation_without_a_mode_is_a_form() {
    let schema = r#"{"type":"object","properties":{"b":{"type":"number","minimum":1},"a":{}}}"#;
    let text = format!(r#"{{"message":"m","requestedSchema":{schema}}}"#);
    let ElicitRequestParams::Form(form) = read(&text) else { panic!("not a form") };
    assert_eq!(form.mode, None);
    assert_eq!(form.requested_schema.as_str(), schema);
    let named = r#"{"requestedSchema":{"z":1,"a":2},"message":"m","mode":"form"}"#;
    let ElicitRequestParams::Form(form) = read(named) else { panic!("not a form") };
    assert_eq!(form.mode.as_deref(), Some("form"));
    let schema: ElicitRequestParams = serde_json::from_str(named).unwrap();
    assert!(matches!(schema, ElicitRequestParams::Form(form)
        if form.requested_schema.as_str() == r#"{"z":1,"a":2}"#));
    let url = r#"{"message":"m","mode":"url","elicitationId":"1","url":"x:y"}"#;
    assert!(matches!(read(url), ElicitRequestParams::Url(_)));
    for null in [
        r#"{"mode":null,"message":"m","requestedSchema":{}}"#,
        r#"{"message":"m","requestedSchema":{},"mode":null}"#,
    ] {
        let form: ElicitRequestParams = serde_json::from_str(null).unwrap();
        assert!(matches!(form, ElicitRequestParams::Form(form) if form.mode.is_none()));
    }
    let twice = r#"{"mode":null,"mode":"url","message":"m","requestedSchema":{}}"#;
    assert!(error::<ElicitRequestParams>(twice).starts_with(".mode: duplicate member"));
    let incomplete = error::<ElicitRequestParams>(r#"{"message":"m"}"#);
    let expected = r#".requestedSchema: missing, required by ElicitRequestParams "form""#;
    assert!(incomplete.starts_with(expected), "{incomplete}");
    assert!(error::<ContentBlock>(r#"{"type":null}"#).starts_with(".type: invalid type: null"));
}

#[test]
fn sampling_content_is_a_block_or_an_array() {
    let one = r#"{"role":"user","content":{"text":"a","type":"text"}}"#;
    let message: SamplingMessage = read(one);
    assert!(matches!(message.content, OneOrMany::One(_)));
    let many = r#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"later"}]}"#;
    let message: SamplingMessage = read(many);
    assert_eq!(message.content.as_slice().len(), 2);
    let wrong = r#"{"role":"user","content":"x"}"#;
    let wrong = error::<SamplingMessage>(wrong);
    assert!(wrong.contains(".content: invalid type: string"), "{wrong}");
    let wrong = error::<SamplingMessage>(r#"{"role":"user","content":{"type":"text"}}"#);
    assert!(
        wrong.contains(r#".content.text: missing, required by SamplingMessageContentBlock "text""#),
        "{wrong}"
    );
}

#[test]
fn deep_and_truncated_input_is_an_error() {
    let deep = "[".repeat(9999) + &"]".repeat(9999);
    let (early, late) = (format!(r#"{{"a":{deep},"type":"text""#), r#"{"type":"text","a":"#);
    assert!(error::<ContentBlock>(&(early + r#","text":""}"#)).contains("recursion limit"));
    assert!(error::<ContentBlock>(&format!("{late}{deep}}}")).contains("recursion limit"));
    let block = r#"{"_meta":{},"type":"resource","resource":{"uri":"a:b","text":"\u00e9"}}"#;
    let tool = r#"{"name":"n","inputSchema":{"type":"object"},"icons":[{"src":"a:b"}],"x":[]}"#;
    for end in 0..block.len() {
        error::<ContentBlock>(&block[..end]);
        error::<ResourceContents>(&block[..end]);
    }
    for end in 0..tool.len() {
        error::<Tool>(&tool[..end]);
    }
    error::<ContentBlock>(r#"{"\ud800":1}"#);
}

#[test]
fn tools_keep_the_text_of_their_schemas_and_share_it() {
    let schema =
        r##"{ "$defs":{"a":{"x":1.0}}, "properties":{"z":{"$ref":"#/$defs/a"},"a":true} }"##;
    let text = format!(r#"{{"outputSchema":null,"name":"n","inputSchema":{schema},"icons":[]}}"#);
    let tool: Tool = serde_json::from_str(&text).unwrap();
    assert_eq!(tool.input_schema.as_str(), schema);
    assert_eq!(tool.output_schema, None);
    assert_eq!(tool.icons, Some(vec![]));
    assert!(serde_json::to_string(&tool).unwrap().contains(schema));
    assert_eq!(tool.clone().input_schema.as_str().as_ptr(), tool.input_schema.as_str().as_ptr());

    let schema = Schema::from_value(json!({ "type": "object" })).unwrap();
    let tool = Tool::new("n", schema).with_description("d").with_icons(vec![Icon::new("x:y")]);
    let expected = json!({
        "name": "n", "description": "d", "icons": [{ "src": "x:y" }],
        "inputSchema": { "type": "object" },
    });
    assert_eq!(serde_json::to_value(&tool).unwrap(), expected);
}

#[test]
fn empty_and_absent_members_differ() {
    let capabilities: ServerCapabilities = read(r#"{"logging":{},"tasks":{"list":{}},"tools":{}}"#);
    assert_eq!(capabilities.logging, Some(JsonObject::new()));
    assert_eq!(capabilities.tools, Some(ServerCapabilitiesTools::default()));
    assert_eq!(capabilities.prompts, None);
    assert_eq!(capabilities.tasks.unwrap().list, Some(JsonObject::new()));

    let result: CallToolResult = read(r#"{"content":[],"structuredContent":null}"#);
    assert_eq!(result.structured_content, Some(Value::Null));
    assert_eq!(read::<CallToolResult>(r#"{"content":[]}"#).structured_content, None);
    let lenient = r#"{"tools":[],"nextCursor":null}"#;
    assert_eq!(serde_json::from_str::<ListToolsResult>(lenient).unwrap().next_cursor, None);
}

#[test]
fn unknown_members_are_kept() {
    let result = r#"{"content":[{"type":"text","text":"a","x":1}],"_meta":{"k":{"n":null}},"y":2}"#;
    assert_eq!(read::<CallToolResult>(result).extra, object(json!({ "y": 2 })));
    read::<CallToolRequestParams>(r#"{"name":"n","_meta":{"progressToken":1,"a/b":[]},"z":{}}"#);
    read::<ClientCapabilities>(r#"{"roots":{"x":1},"experimental":{"e":{"y":null}},"later":{}}"#);
    read::<Tool>(r#"{"name":"n","inputSchema":{},"annotations":{"later":1},"later":[]}"#);
    read::<Implementation>(r#"{"name":"n","version":"1","x":{}}"#);
    read::<EmptyResult>(r#"{"x":1}"#);
}

#[test]
fn numbers_are_read_and_written_unchanged() {
    for text in [
        r#"{"progressToken":1,"progress":50,"total":100}"#,
        r#"{"progressToken":"a","progress":0.5,"total":-3}"#,
    ] {
        let params: ProgressNotificationParams = read(text);
        let printed = serde_json::to_value(&params).unwrap();
        assert_eq!(printed, serde_json::from_str::<Value>(text).unwrap());
    }
    let params = ProgressNotificationParams::new(RequestId::Number(1), 50.0);
    let printed = serde_json::to_string(&params).unwrap();
    assert_eq!(printed, r#"{"progress":50,"progressToken":1}"#);
    let none = ProgressNotificationParams::new(RequestId::Number(1), f64::NAN);
    let error = serde_json::to_string(&none).unwrap_err().to_string();
    assert_eq!(error, "NaN is not a valid JSON number");
    let zero = ProgressNotificationParams::new(RequestId::Number(1), -0.0);
    assert!(serde_json::to_string(&zero).unwrap().contains(r#""progress":-0.0"#));
    let huge = ProgressNotificationParams::new(RequestId::Number(1), 1e300);
    let printed = serde_json::to_string(&huge).unwrap();
    assert_eq!(serde_json::from_str::<ProgressNotificationParams>(&printed).unwrap(), huge);
}

#[test]
fn a_required_null_is_written() {
    let text = r#"{"taskId":"1","status":"later","ttl":null,"createdAt":"","lastUpdatedAt":""}"#;
    let task: Task = read(text);
    assert_eq!(task, Task::new("1", TaskStatus::from("later"), "", "", None));
    assert_eq!(task.status, TaskStatus::Unknown("later".to_owned()));
    assert!(
        error::<Task>(&text.replace(r#""ttl":null,"#, ""))
            .contains(".ttl: missing, required by Task")
    );
    read::<GetTaskResult>(text);
}

#[test]
fn unknown_enumeration_values_are_kept() {
    assert_eq!(read::<Role>(r#""user""#), Role::User);
    assert_eq!(read::<Role>(r#""critic""#), Role::Unknown("critic".to_owned()));
    assert_eq!(LoggingLevel::from("debug").to_string(), "debug");
    assert!(error::<PromptMessage>(r#"{"role":1}"#).contains(".role: invalid type"));
}

#[test]
fn methods_have_names_and_types() {
    fn of<M: Method>() -> &'static str {
        M::NAME
    }
    assert_eq!(of::<CallToolRequest>(), "tools/call");
    assert_eq!(of::<ElicitRequest>(), "elicitation/create");
    assert_eq!(ProgressNotification::NAME, "notifications/progress");
    let _: <PingRequest as Method>::Params = RequestParams::default();
    let _: <PingRequest as Method>::Result = EmptyResult::default();
    let _: <InitializedNotification as NotificationMethod>::Params = NotificationParams::default();
}

#[test]
fn results_are_read_from_whole_messages() {
    let result = r#"{"tools":[{"name":"n","inputSchema":{"type":"object"}}]}"#;
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
    let message: JsonRpcMessage<ListToolsResult> = serde_json::from_str(&text).unwrap();
    let JsonRpcMessage::Result { result, .. } = message else { panic!("not a result") };
    assert_eq!(result.tools[0].input_schema.as_str(), r#"{"type":"object"}"#);
}
