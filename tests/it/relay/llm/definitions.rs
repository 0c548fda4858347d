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
    {"function":{"description":"Looks ahead","name":"relay__main__forecast","parameters":{"additionalProperties":false,"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}},"type":"function"}
    {"function":{"name":"relay__main__bare","parameters":{"properties":{},"type":"object"}},"type":"function"}
    "#);
    assert_snapshot!(lines(&toolset.definitions_for(Provider::OpenAiChatStrict)), @r#"
    {"function":{"description":"Looks ahead","name":"relay__main__forecast","parameters":{"additionalProperties":false,"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"strict":true},"type":"function"}
    {"function":{"name":"relay__main__bare","parameters":{"additionalProperties":false,"properties":{},"required":[],"type":"object"},"strict":true},"type":"function"}
    "#);
    assert_snapshot!(lines(&toolset.to_openai_responses()), @r#"
    {"description":"Looks ahead","name":"relay__main__forecast","parameters":{"additionalProperties":false,"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"strict":false,"type":"function"}
    {"name":"relay__main__bare","parameters":{"properties":{},"type":"object"},"strict":false,"type":"function"}
    "#);
    assert_snapshot!(lines(&toolset.definitions_for(Provider::OpenAiResponsesStrict)), @r#"
    {"description":"Looks ahead","name":"relay__main__forecast","parameters":{"additionalProperties":false,"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"strict":true,"type":"function"}
    {"name":"relay__main__bare","parameters":{"additionalProperties":false,"properties":{},"required":[],"type":"object"},"strict":true,"type":"function"}
    "#);
    assert_snapshot!(lines(&toolset.to_anthropic()), @r#"
    {"description":"Looks ahead","input_schema":{"additionalProperties":false,"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"name":"relay__main__forecast"}
    {"input_schema":{"properties":{},"type":"object"},"name":"relay__main__bare"}
    "#);
    assert_snapshot!(lines(&toolset.definitions_for(Provider::AnthropicStrict)), @r#"
    {"description":"Looks ahead","input_schema":{"additionalProperties":false,"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"name":"relay__main__forecast","strict":true}
    {"input_schema":{"additionalProperties":false,"properties":{},"type":"object"},"name":"relay__main__bare","strict":true}
    "#);
    assert_snapshot!(lines(&toolset.to_gemini()), @r#"{"functionDeclarations":[{"description":"Looks ahead","name":"relay__main__forecast","parameters":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}},{"name":"relay__main__bare"}]}"#);
    assert_snapshot!(lines(&toolset.definitions_for(Provider::GeminiJsonSchema)), @r#"{"functionDeclarations":[{"description":"Looks ahead","name":"relay__main__forecast","parametersJsonSchema":{"additionalProperties":false,"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}},{"name":"relay__main__bare"}]}"#);
    assert_snapshot!(lines(&toolset.to_bedrock()), @r#"
    {"toolSpec":{"description":"Looks ahead","inputSchema":{"json":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}},"name":"relay__main__forecast"}}
    {"toolSpec":{"inputSchema":{"json":{"properties":{},"type":"object"}},"name":"relay__main__bare"}}
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
async fn no_tools_give_no_definitions() {
    let (_server, toolset) = toolset([]).await;
    for provider in Provider::ALL {
        assert!(toolset.definitions_for(provider).is_empty(), "{provider:?}");
    }
}
