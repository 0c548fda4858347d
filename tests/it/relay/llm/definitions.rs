//! Tool definitions in the formats of LLM providers.

use insta::assert_snapshot;
use mcp_testkit::{CallResult, TestTool};
use relay::Provider;
use serde_json::{Value, json};

use super::support::{tool, toolset};

fn lines(definitions: &[Value]) -> String {
    definitions.iter().map(|definition| format!("{definition}\n")).collect()
}

#[tokio::test]
async fn definitions_have_the_format_of_each_provider() {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" } },
        "required": ["city"],
        "additionalProperties": false,
    });
    let forecast = TestTool::new("forecast", schema, |_| CallResult::text("sunny"));
    let forecast = forecast.description("Looks ahead");
    let (_server, toolset) = toolset([forecast, tool("bare", CallResult::text("done"))]).await;
    assert_snapshot!(lines(&toolset.to_openai()), @r#"
    {"type":"function","function":{"name":"relay__main__forecast","description":"Looks ahead","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}}
    {"type":"function","function":{"name":"relay__main__bare","parameters":{"type":"object","properties":{}}}}
    "#);
    assert_snapshot!(lines(&toolset.definitions_for(Provider::OpenAiChatStrict)), @r#"
    {"type":"function","function":{"name":"relay__main__forecast","description":"Looks ahead","strict":true,"parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}}
    {"type":"function","function":{"name":"relay__main__bare","strict":true,"parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}
    "#);
    assert_snapshot!(lines(&toolset.to_openai_responses()), @r#"
    {"name":"relay__main__forecast","description":"Looks ahead","strict":false,"type":"function","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}
    {"name":"relay__main__bare","strict":false,"type":"function","parameters":{"type":"object","properties":{}}}
    "#);
    assert_snapshot!(lines(&toolset.definitions_for(Provider::OpenAiResponsesStrict)), @r#"
    {"name":"relay__main__forecast","description":"Looks ahead","strict":true,"type":"function","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}
    {"name":"relay__main__bare","strict":true,"type":"function","parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}
    "#);
    assert_snapshot!(lines(&toolset.to_anthropic()), @r#"
    {"name":"relay__main__forecast","description":"Looks ahead","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}
    {"name":"relay__main__bare","input_schema":{"type":"object","properties":{}}}
    "#);
    assert_snapshot!(lines(&toolset.definitions_for(Provider::AnthropicStrict)), @r#"
    {"name":"relay__main__forecast","description":"Looks ahead","strict":true,"input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}
    {"name":"relay__main__bare","strict":true,"input_schema":{"type":"object","properties":{},"additionalProperties":false}}
    "#);
    assert_snapshot!(lines(&toolset.to_gemini()), @r#"{"functionDeclarations":[{"name":"relay__main__forecast","description":"Looks ahead","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}},{"name":"relay__main__bare"}]}"#);
    assert_snapshot!(lines(&toolset.definitions_for(Provider::GeminiJsonSchema)), @r#"{"functionDeclarations":[{"name":"relay__main__forecast","description":"Looks ahead","parametersJsonSchema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}},{"name":"relay__main__bare"}]}"#);
    assert_snapshot!(lines(&toolset.to_bedrock()), @r#"
    {"toolSpec":{"name":"relay__main__forecast","description":"Looks ahead","inputSchema":{"json":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}}
    {"toolSpec":{"name":"relay__main__bare","inputSchema":{"json":{"type":"object","properties":{}}}}}
    "#);
    // A server's tools and a toolset give the same definitions. Any selection of tools can be
    // converted.
    assert_eq!(toolset.ready[0].to_anthropic(), toolset.to_anthropic());
    let chosen = toolset.iter().filter(|tool| tool.definition().name == "bare");
    assert_eq!(
        Provider::Gemini.tool_definitions(chosen)[0]["functionDeclarations"][0]["name"],
        "relay__main__bare"
    );
}

#[tokio::test]
async fn members_have_the_order_of_the_server() {
    let of_kind = |kind: &str, data: &str| {
        let properties = json!({ "kind": { "const": kind }, "data": { "type": data } });
        json!({ "type": "object", "properties": properties, "required": ["kind", "data"] })
    };
    // This is text, so that no other code decides the order.
    let reasoned = r#"{"type":"object","properties":{"reasoning":{"type":"string"},"answer":{"type":"string"}},"required":["reasoning","answer"]}"#;
    let reasoned = serde_json::from_str(reasoned).unwrap();
    let branches = json!([of_kind("a", "string"), of_kind("b", "integer")]);
    let union = json!({ "type": "object", "properties": { "op": { "anyOf": branches } } });
    let tool = |name: &str, schema| TestTool::new(name, schema, |_| CallResult::text("done"));
    let (_server, toolset) = toolset([tool("reasoned", reasoned), tool("union", union)]).await;
    for provider in Provider::ALL {
        let text = lines(&toolset.definitions_for(provider));
        let positions = |name| text.match_indices(name).map(|(at, _)| at).collect::<Vec<_>>();
        for [one, other] in [["\"reasoning\":", "\"answer\":"], ["\"kind\":", "\"data\":"]] {
            let (firsts, seconds) = (positions(one), positions(other));
            assert!(!firsts.is_empty() && firsts.len() == seconds.len(), "{provider:?}: {text}");
            let ordered = firsts.iter().zip(&seconds).all(|(first, second)| first < second);
            assert!(ordered, "{provider:?}: {text}");
        }
        let ordering = matches!(provider, Provider::Gemini);
        let has_ordering = text.contains(r#""propertyOrdering":["reasoning","answer"]"#);
        assert!(has_ordering || !ordering, "{text}");
    }
}

#[tokio::test]
async fn no_tools_give_no_definitions() {
    let (_server, toolset) = toolset([]).await;
    for provider in Provider::ALL {
        assert!(toolset.definitions_for(provider).is_empty(), "{provider:?}");
    }
}
