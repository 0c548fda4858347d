//! Tests of the repair of schemas.

use mcp_types::Schema;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::conversion::{ChangeEffect, Provider, ProviderSchema};

fn convert(provider: Provider, schema: &Value) -> (Value, Vec<String>) {
    let converted = ProviderSchema::new(provider, &Schema::from_value(schema.clone()).unwrap());
    let changes = converted.changes().iter().map(ToString::to_string).collect();
    (converted.schema().parse().unwrap(), changes)
}

fn with_member(member: &Value) -> Value {
    json!({ "type": "object", "properties": { "a": member } })
}

#[test]
fn invalid_values_of_keywords_are_corrected_or_removed() {
    for (member, expected) in [
        (json!({ "type": "STRING" }), json!({ "type": "string" })),
        (json!({ "type": "any" }), json!({})),
        (json!({ "type": ["string", "any"] }), json!({})),
        (json!({ "type": ["string", "string"] }), json!({ "type": ["string"] })),
        (json!({ "type": ["array", "null"] }), json!({ "type": ["array", "null"], "items": {} })),
        (json!({ "type": "array", "items": null }), json!({ "type": "array", "items": {} })),
        (json!({ "type": "string", "enum": null }), json!({ "type": "string" })),
        (json!({ "enum": ["x", "x"] }), json!({ "enum": ["x"] })),
        (
            json!({ "type": "string", "minLength": "1" }),
            json!({ "type": "string", "minLength": 1 }),
        ),
        (json!({ "type": "string", "maxLength": -1 }), json!({ "type": "string" })),
        (json!({ "type": "string", "description": null }), json!({ "type": "string" })),
        (
            json!({ "type": "string", "description": 5 }),
            json!({ "type": "string", "description": "5" }),
        ),
        (json!({ "type": "string", "required": false }), json!({ "type": "string" })),
        (json!({ "type": "object", "properties": [] }), json!({ "type": "object" })),
        (json!({ "type": "object", "properties": null }), json!({ "type": "object" })),
        (json!({ "type": "string", "nullable": true }), json!({ "type": ["string", "null"] })),
        (
            json!({ "type": "string", "enum": ["x"], "nullable": true }),
            json!({ "type": ["string", "null"], "enum": ["x", null] }),
        ),
        (
            json!({ "type": "number", "minimum": 1, "exclusiveMinimum": true }),
            json!({ "type": "number", "exclusiveMinimum": 1 }),
        ),
        (json!({ "type": "integer", "enum": ["1"] }), json!({ "enum": ["1"] })),
        (json!("text"), json!({})),
        (json!({ "type": "string", "title": "A" }), json!({ "type": "string" })),
        (
            json!({ "type": "string", "title": "Name of a city" }),
            json!({ "type": "string", "description": "Name of a city" }),
        ),
    ] {
        for provider in [Provider::OpenAiChat, Provider::Anthropic, Provider::Bedrock] {
            let (schema, changes) = convert(provider, &with_member(&member));
            assert_eq!(schema["properties"]["a"], expected, "{provider:?}: {member}");
            assert_ne!(changes, [""; 0], "{provider:?}: {member}");
        }
    }
}

#[test]
fn required_is_a_list_of_distinct_names() {
    let properties = json!({ "a": { "type": "string" }, "b": { "type": "string" } });
    for (required, expected) in [
        (Value::Null, None),
        (json!(false), None),
        (json!("a"), None),
        (json!(["a", "a", 5, "b"]), Some(json!(["a", "b"]))),
    ] {
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        let (schema, _) = convert(Provider::OpenAiChat, &schema);
        assert_eq!(schema.get("required"), expected.as_ref());
    }
    let draft_3 = json!({ "type": "object", "properties": {
        "q": { "type": "string", "required": true }, "n": { "type": "string", "required": false } } });
    let (schema, _) = convert(Provider::Anthropic, &draft_3);
    assert_eq!(schema["required"], json!(["q"]));
}

#[test]
fn patterns_that_a_provider_rejects_are_described() {
    let is_kept = |provider, pattern: &str| {
        let member = json!({ "type": "string", "pattern": pattern });
        let (schema, changes) = convert(provider, &with_member(&member));
        let text = schema["properties"]["a"].to_string();
        let has_pattern = text.contains("\"pattern\":");
        assert!(has_pattern || text.contains("(pattern: "), "{provider:?}: {text}");
        assert!(has_pattern || changes.iter().any(|it| it.contains("(wider)")), "{changes:?}");
        has_pattern
    };
    for pattern in ["^(?!x)a", "(?<=a)b", r"(a)\1", r"(?<n>a)\k<n>"] {
        for provider in [Provider::OpenAiChat, Provider::OpenAiChatStrict, Provider::Gemini] {
            assert!(!is_kept(provider, pattern), "{provider:?} {pattern}");
        }
        assert!(is_kept(Provider::Anthropic, pattern));
    }
    for pattern in ["^a+(b|c)$", r"\(\?=\\1", "(?:a)(?<name>b)"] {
        assert!(is_kept(Provider::OpenAiChat, pattern), "{pattern}");
    }
}

#[test]
fn a_choice_of_required_properties_is_reported() {
    let properties = json!({ "a": { "type": "string" }, "b": { "type": "string" } });
    let choice = json!([{ "required": ["a"] }, { "required": ["b"] }]);
    let schema = json!({ "type": "object", "properties": properties, "anyOf": choice });
    for provider in Provider::ALL {
        let input_schema = Schema::from_value(schema.clone()).unwrap();
        let converted = ProviderSchema::new(provider, &input_schema);
        assert!(!converted.is_sound(), "{provider:?}");
        let schema: Value = converted.schema().parse().unwrap();
        assert!(schema["properties"].get("a").is_some(), "{provider:?}: {schema}");
    }
    let (schema, _) = convert(Provider::OpenAiChat, &schema);
    assert_eq!(schema["description"], "(required: a, or b)");
}

#[test]
fn free_form_arguments_stay_possible_for_gemini() {
    let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    for provider in [Provider::Gemini, Provider::GeminiJsonSchema] {
        let (schema, changes) = convert(provider, &map);
        assert!(schema["properties"].get("arguments").is_some(), "{provider:?}: {schema}");
        assert_ne!(changes, [""; 0]);
    }
}

#[test]
fn references_of_openai_strict_have_no_sibling_keywords() {
    let parent = json!({ "$ref": "#/$defs/N", "description": "the parent" });
    let schema = json!({ "type": "object", "properties": { "root": { "$ref": "#/$defs/N" } },
        "required": ["root"],
        "$defs": { "N": { "type": "object", "properties": { "parent": parent } } } });
    let (schema, _) = convert(Provider::OpenAiChatStrict, &schema);
    assert!(!has_siblings(&schema), "{schema}");
    assert!(schema.to_string().contains("the parent"), "{schema}");
}

fn has_siblings(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            members.contains_key("$ref") && members.len() > 1 || members.values().any(has_siblings)
        }
        Value::Array(items) => items.iter().any(has_siblings),
        _ => false,
    }
}

#[test]
fn empty_strings_are_left_out_of_enums_for_gemini() {
    let member = json!({ "type": "string", "enum": ["x", ""] });
    for provider in [Provider::Gemini, Provider::GeminiJsonSchema] {
        let (schema, changes) = convert(provider, &with_member(&member));
        assert_eq!(schema["properties"]["a"]["enum"], json!(["x"]));
        assert!(changes.iter().any(|it| it.contains("empty string")), "{changes:?}");
    }
}

#[test]
fn any_value_is_a_scalar_or_a_text_in_strict_mode() {
    let schema = Schema::from_value(json!({
        "type": "object", "properties": { "a": {} }, "required": ["a"], "additionalProperties": false,
    }));
    let converted = ProviderSchema::new(Provider::OpenAiChatStrict, &schema.unwrap());
    for (given, expected) in [
        (json!("123"), json!("123")),
        (json!(5), json!(5)),
        (json!(null), json!(null)),
        (json!("[1]"), json!([1])),
        (json!("\"[1]\""), json!("[1]")),
    ] {
        let restored = converted.decode_arguments(json!({ "a": given }));
        assert_eq!(restored, json!({ "a": expected }));
    }
    assert!(converted.is_sound());
    assert!(converted.changes().iter().all(|it| it.effect == ChangeEffect::Same));
}

/// Generates the value of a keyword, which is often invalid.
fn values() -> impl Strategy<Value = Value> {
    let values = json!([
        null, true, 5, -1, 1.5, "any", "string", "1", [], ["array", "null"], ["a", "a", 3], [null], {},
        { "a": null }, { "a": { "type": "strng", "required": true } }, { "type": "integer" },
        [{ "type": "string" }, 7], ["array"],
    ]);
    let Value::Array(values) = values else { unreachable!("the literal is an array") };
    proptest::sample::select(values)
}

proptest! {
    #![proptest_config(property_tests::config())]

    #[test]
    fn converted_schemas_are_valid_by_the_meta_schema(
        keywords in prop::collection::vec((
            proptest::sample::select(vec![
                "type", "properties", "required", "items", "enum", "minLength", "minimum", "anyOf",
                "allOf", "description", "title", "nullable", "additionalProperties", "pattern",
                "uniqueItems", "not", "exclusiveMinimum", "const", "default", "format",
            ]),
            values(),
        ), 0..6),
    ) {
        let member: serde_json::Map<_, _> =
            keywords.into_iter().map(|(keyword, value)| (keyword.to_owned(), value)).collect();
        let mut root = member.clone();
        root.insert("properties".to_owned(), json!({ "a": member, "b": { "type": "string" } }));
        for provider in Provider::ALL {
            let (schema, _) = convert(provider, &Value::Object(root.clone()));
            // Other providers than Gemini get JSON Schema.
            if provider != Provider::Gemini {
                prop_assert!(jsonschema::meta::is_valid(&schema), "{provider:?}: {schema}");
            }
            prop_assert_eq!(&schema["type"], "object");
            // One bad member never removes another one.
            let kept = schema["properties"].get("b").or(schema["properties"].get("arguments"));
            prop_assert!(kept.is_some(), "{provider:?}: {schema}");
        }
    }
}
