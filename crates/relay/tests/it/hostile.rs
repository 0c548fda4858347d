//! Schemas that are made to cost much time or memory.

use relay::{ChangeEffect, Provider, ProviderSchema, Schema};
use serde_json::{Map, Value, json};

use crate::property::PROVIDERS;

/// Returns a schema within so many others.
fn nested(levels: usize, innermost: Value, wrap: fn(Value) -> Value) -> Value {
    (0..levels).fold(innermost, |schema, _| wrap(schema))
}

/// Returns a schema with definitions, each of which refers to the next one.
fn chain(links: usize, link: fn(Value) -> Value) -> Value {
    let definition = |n| (format!("d{n}"), link(json!({ "$ref": format!("#/$defs/d{}", n + 1) })));
    let definitions: Map<_, _> = (0..links).map(definition).collect();
    let properties = json!({ "a": { "$ref": "#/$defs/d0" } });
    json!({ "type": "object", "properties": properties, "$defs": definitions })
}

/// Returns an object schema with so many members.
fn wide(members: usize, member: &Value) -> Value {
    let members: Map<_, _> = (0..members).map(|n| (format!("p{n}"), member.clone())).collect();
    json!({ "type": "object", "properties": members })
}

fn with_definition(mut schema: Value, definition: &Value) -> Value {
    schema["$defs"] = json!({ "d": definition });
    schema
}

fn hostile_schemas() -> Vec<Value> {
    let object = |it| json!({ "type": "object", "properties": { "a": it } });
    let reference = || json!({ "$ref": "#/$defs/d" });
    let long = "x".repeat(100_000);
    let values: Vec<_> = (0..20_000).collect();
    let texts: Vec<_> = values.iter().map(|n| format!("value {n}")).collect();
    vec![
        wide(6_000, &json!({ "type": "string" })),
        wide(1_000, &json!({ "oneOf": [{ "minimum": 1 }, { "maxLength": 1 }] })),
        with_definition(
            wide(4_000, &reference()),
            &json!({ "description": long, "type": "string" }),
        ),
        with_definition(wide(2_000, &reference()), &object(json!({ "enum": texts[..500] }))),
        chain(3_000, |next| json!({ "type": "array", "items": next })),
        chain(3_000, |next| json!({ "anyOf": [next, { "type": "null" }] })),
        chain(40, |next| {
            let both = json!({ "a": next, "b": next, "c": { "allOf": [next, next] } });
            json!({ "type": "object", "properties": both })
        }),
        chain(40, |next| json!({ "allOf": [next, { "anyOf": [next, next] }] })),
        chain(20, |next| json!({ "oneOf": [next, { "required": ["a"] }, { "required": ["b"] }] })),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "allOf": [{ "$ref": "#/$defs/b" }] }, "b": { "allOf": [{ "$ref": "#/$defs/a" }] } } }),
        json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
        json!({ "anyOf": [{ "$ref": "#" }, { "type": "object", "required": ["a"] }] }),
        object(json!({ "anyOf": [{ "$ref": "#/properties/a" }, { "type": "null" }] })),
        object(json!({ "$ref": "file:///etc/hostname" })),
        object(json!({ "enum": values })),
        object(json!({ "type": "string", "enum": texts })),
        object(json!({ "enum": texts, "anyOf": [{ "enum": texts }, { "enum": values }] })),
        json!({ "type": "object", "properties": { "x".repeat(300_000): {} } }),
        nested(100, json!({ "type": "string" }), |it| json!({ "anyOf": [it] })),
        nested(60, json!({}), |it| json!({ "type": "object", "properties": { "a": it } })),
        nested(12, json!({ "$ref": "#" }), |it| json!({ "type": "object", "oneOf": [it, it] })),
        nested(
            16,
            json!({}),
            |it| json!({ "allOf": [{ "anyOf": [it, { "minimum": 1 }, { "minLength": 1 }] }] }),
        ),
        nested(6, json!({}), |it| {
            let parts: Vec<_> = (0..6).map(|n| json!({ "required": [n.to_string()] })).collect();
            json!({ "type": "object", "allOf": [{ "anyOf": parts }, { "anyOf": parts }, it] })
        }),
    ]
}

/// The converted schema is an object of bounded size, and every loss is reported.
#[test]
fn converting_a_hostile_schema_takes_bounded_time() {
    for (index, input_schema) in hostile_schemas().into_iter().enumerate() {
        let input_schema = Schema::from_value(input_schema).unwrap();
        for provider in PROVIDERS {
            let converted = ProviderSchema::new(provider, &input_schema);
            let text = converted.schema().as_str();
            assert!(
                text.len() < input_schema.as_str().len().max(1 << 20),
                "{index} {provider:?}: {}",
                text.len()
            );
            assert!(converted.changes().len() <= 503, "{index} {provider:?}");
            let schema: Value = converted.schema().parse().unwrap();
            assert_eq!(schema["type"], "object", "{index} {provider:?}");
            assert!(!text.contains("file:"), "{text}");
            converted
                .decode_arguments(json!({ "arguments": "{}", "a": { "a": [null, { "a": {} }] } }));
        }
    }
}

#[test]
fn an_oversized_schema_becomes_one_json_string() {
    let input_schema = Schema::from_value(wide(6_000, &json!({ "type": "string" }))).unwrap();
    let converted = ProviderSchema::new(Provider::OpenAiChatStrict, &input_schema);
    let schema: Value = converted.schema().parse().unwrap();
    assert_eq!(schema["properties"]["arguments"]["type"], "string");
    assert_eq!(converted.changes()[0].effect, ChangeEffect::Wider);
    let arguments = json!({ "arguments": "{\"p1\":\"x\"}" });
    assert_eq!(converted.decode_arguments(arguments), json!({ "p1": "x" }));
}

/// The arguments are nested more deeply than `serde_json` parses.
#[test]
fn deep_arguments_are_restored() {
    let input_schema = json!({ "type": "object", "properties": { "a": { "$ref": "#" } } });
    let input_schema = Schema::from_value(input_schema).unwrap();
    let deep = nested(300, json!({ "a": null }), |it| json!({ "a": it }));
    for provider in PROVIDERS {
        ProviderSchema::new(provider, &input_schema).decode_arguments(deep.clone());
    }
}
