//! A converted schema accepts what the tool's schema accepts, except for the reported changes.

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use relay::{ChangeEffect, Provider, ProviderSchema, Schema};
use serde_json::{Map, Value, json};

use crate::{
    counterpart::Counterparts,
    instance::{Generator, without_nullable},
};

/// The number of schemas that are tried for each provider.
const CASES: u32 = 1500;

/// The providers whose rules differ.
pub(crate) const PROVIDERS: [Provider; 8] = [
    Provider::OpenAiChat,
    Provider::OpenAiChatStrict,
    Provider::Anthropic,
    Provider::AnthropicStrict,
    Provider::Gemini,
    Provider::GeminiJsonSchema,
    Provider::Bedrock,
    Provider::BedrockStrict,
];

/// Generates schemas with every keyword that the conversion has a rule for.
fn schemas() -> impl Strategy<Value = Value> {
    let leaves = json!([
        { "type": "string" },
        { "type": "string", "description": "text", "default": "a" },
        { "type": "string", "pattern": "^a", "minLength": 1 },
        { "type": "string", "format": "date", "maxLength": 3 },
        { "minLength": 2 },
        { "type": "integer", "minimum": 2 },
        { "type": "number", "exclusiveMaximum": 4 },
        { "type": "integer", "not": { "const": 2 } },
        { "type": ["string", "integer", "null"] },
        { "type": ["object", "null"], "properties": { "a": { "type": "string" } } },
        { "type": ["array", "string"], "items": { "type": "boolean" } },
        { "type": "boolean" },
        { "type": "null" },
        { "enum": ["a", "b"] },
        { "enum": [1, "1", null, [1], { "a": 1 }] },
        { "type": "string", "enum": ["x", 7] },
        { "type": "number", "enum": [1, 2.5, 3], "minimum": 2 },
        { "const": 3 },
        { "const": "only" },
        {},
        true,
        { "$ref": "#/$defs/node" },
        { "$ref": "#/$defs/tree" },
        { "$ref": "#/$defs/name", "description": "a name" },
        { "$ref": "#/$defs/node", "required": ["next"] },
        { "type": "array", "items": { "$ref": "#" } },
        { "type": "array", "prefixItems": [{ "type": "string" }], "items": false },
        { "type": "object" },
        { "type": "object", "additionalProperties": false },
        { "properties": { "a": { "type": "string" } } },
        { "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] },
        { "anyOf": [{ "minLength": 2 }, { "minimum": 3 }] },
        { "type": "integer", "enum": ["1"] },
        { "type": "integer", "minimum": 1e20 },
        { "enum": [12345678901234567890u64, 1e300] },
        { "$ref": "#/$defs/shared" },
    ]);
    let Value::Array(leaves) = leaves else { unreachable!("the literal is an array") };
    proptest::sample::select(leaves).prop_recursive(4, 24, 4, |inner| {
        let parts = vec(inner.clone(), 1..4);
        prop_oneof![
            3 => objects(inner.clone()),
            1 => (inner.clone(), 0..2u8)
                .prop_map(|(items, minimum)| json!({ "type": "array", "items": items, "minItems": minimum })),
            1 => vec(inner.clone(), 1..3)
                .prop_map(|items| json!({ "type": "array", "prefixItems": items })),
            1 => inner.clone().prop_map(|of| json!({ "type": "object", "additionalProperties": of })),
            1 => parts.clone().prop_map(|parts| json!({ "anyOf": parts })),
            1 => parts.clone().prop_map(|parts| json!({ "oneOf": parts })),
            1 => parts.prop_map(|parts| json!({ "allOf": parts })),
            1 => (objects(inner.clone()), objects(inner.clone()))
                .prop_map(|parts| json!({ "allOf": [parts.0, parts.1] })),
            1 => tagged(inner.clone()),
            1 => objects(inner.clone()).prop_map(|mut beside| {
                beside["anyOf"] = json!([{ "required": ["a"] }, { "required": ["b"] }]);
                beside
            }),
            1 => (objects(inner.clone()), objects(inner)).prop_map(|(mut beside, part)| {
                beside["anyOf"] = json!([part, { "type": "null" }, { "required": ["a"] }]);
                beside
            }),
        ]
    })
}

/// Generates object schemas.
fn objects(of: impl Strategy<Value = Value> + Clone) -> impl Strategy<Value = Value> {
    let members = vec(("[a-c]|bad name|\u{e9}", of), 0..4);
    let members = members.prop_map(|members| members.into_iter().collect::<Map<_, _>>());
    let required = proptest::sample::subsequence(vec!["a", "b", "bad name"], 0..3);
    let others =
        prop_oneof![3 => Just(json!(false)), 1 => Just(json!(true)), 1 => Just(Value::Null)];
    let rest = proptest::sample::select(vec!["", "", "", "minProperties", "patternProperties"]);
    (members, required, others, rest).prop_map(|(members, required, others, rest)| {
        let mut schema = json!({ "type": "object", "properties": members, "required": required });
        if !others.is_null() {
            schema["additionalProperties"] = others;
        }
        match rest {
            "minProperties" => schema[rest] = json!(1),
            "patternProperties" => schema[rest] = json!({ "^[bo]": { "type": "string" } }),
            _ => {}
        }
        schema
    })
}

/// Generates a union of objects that differ in the value of one member.
fn tagged(of: impl Strategy<Value = Value> + Clone) -> impl Strategy<Value = Value> {
    vec(of, 2..4).prop_map(|parts| {
        let part = |(tag, value): (usize, &Value)| {
            let properties = json!({ "kind": { "const": tag.to_string() }, "value": value });
            json!({ "type": "object", "properties": properties, "required": ["kind"] })
        };
        json!({ "oneOf": parts.iter().enumerate().map(part).collect::<Vec<_>>() })
    })
}

/// Generates the input schema of a tool.
fn arguments() -> impl Strategy<Value = Value> {
    let choice = objects(schemas().boxed()).prop_map(|mut root| {
        root["anyOf"] = json!([{ "required": ["a"] }, { "required": ["b"] }]);
        root
    });
    let root = prop_oneof![
        4 => objects(schemas().boxed()).boxed(),
        1 => schemas().boxed(),
        1 => choice.boxed(),
    ];
    root.prop_map(|root| {
        let mut root = if root.is_object() { root } else { json!({ "anyOf": [root] }) };
        root["$defs"] = json!({
            "name": { "type": "string" },
            "shared": pair_of("shared1"),
            "shared1": pair_of("shared2"),
            "shared2": pair_of("name"),
            "node": {
                "type": "object",
                "properties": {
                    "name": { "$ref": "#/$defs/name" },
                    "next": { "$ref": "#/$defs/node" },
                },
                "required": ["name"],
                "additionalProperties": false,
            },
            "tree": {
                "anyOf": [
                    { "type": "integer" },
                    {
                        "type": "object",
                        "properties": {
                            "of": { "type": "array", "items": { "$ref": "#/$defs/tree" } },
                            "label": { "type": "string" },
                        },
                        "required": ["of"],
                        "additionalProperties": false,
                    },
                ],
            },
        });
        root
    })
}

/// Returns an object with two members of the same definition, so that the size doubles with each
/// level.
fn pair_of(definition: &str) -> Value {
    let reference = json!({ "$ref": format!("#/$defs/{definition}") });
    json!({ "type": "object", "properties": { "a": reference, "b": reference } })
}

fn valid(schema: &Value) -> jsonschema::Validator {
    jsonschema::draft202012::new(schema).unwrap_or_else(|error| panic!("{error} in {schema}"))
}

/// A check of one schema for a provider. Returns false if there was nothing to check.
type Check = fn(Provider, &Case) -> Result<bool, TestCaseError>;

/// A schema, with the choices that generate a value for it.
struct Case {
    input_schema: Value,
    validator: jsonschema::Validator,
    choices: Vec<u8>,
}

/// Runs a check on many schemas. For each provider, it must have something to check for at least
/// `minimum` of them.
fn run(check: Check, minimum: usize) {
    let config = property_tests::config_with_cases(CASES);
    let checked = std::cell::RefCell::new([0; PROVIDERS.len()]);
    let cases = (arguments(), vec(any::<u8>(), 40));
    let outcome = TestRunner::new(config).run(&cases, |(input_schema, choices)| {
        let case = Case { validator: valid(&input_schema), input_schema, choices };
        for (provider, checked) in PROVIDERS.into_iter().zip(checked.borrow_mut().iter_mut()) {
            *checked += usize::from(check(provider, &case)?);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let checked = checked.into_inner();
    assert!(
        checked.iter().all(|checked| *checked >= minimum),
        "{checked:?} of {CASES}, {PROVIDERS:?}"
    );
}

/// A value of the converted schema is valid by the original after restoration, unless a widening is
/// reported.
fn is_no_wider(provider: Provider, case: &Case) -> Result<bool, TestCaseError> {
    let converted =
        ProviderSchema::new(provider, &Schema::from_value(case.input_schema.clone()).unwrap());
    let schema = without_nullable(converted.schema().parse().unwrap());
    let given = Generator::new(&schema, &case.choices).value(&schema, 0);
    let given = given.filter(|_| converted.is_sound());
    let Some(given) = given.filter(|given| valid(&schema).is_valid(given)) else {
        return Ok(false);
    };
    let restored = converted.decode_arguments(given.clone());
    prop_assert!(
        case.validator.is_valid(&restored),
        "{provider:?}: {}\nis converted to {schema}\nbut {given}\nis restored to {restored}\n{:#?}",
        case.input_schema,
        converted.changes()
    );
    Ok(true)
}

/// A value of the original schema has a counterpart in the converted one, unless a narrowing is
/// reported.
fn is_no_narrower(provider: Provider, case: &Case) -> Result<bool, TestCaseError> {
    let converted =
        ProviderSchema::new(provider, &Schema::from_value(case.input_schema.clone()).unwrap());
    let narrower = converted.changes().iter().any(|it| it.effect == ChangeEffect::Narrower);
    let arguments = Generator::new(&case.input_schema, &case.choices).value(&case.input_schema, 0);
    // The arguments of a call are always an object.
    let arguments =
        arguments.filter(|it| it.is_object() && !narrower && case.validator.is_valid(it));
    let Some(arguments) = arguments else { return Ok(false) };
    let schema = without_nullable(converted.schema().parse().unwrap());
    let validator = valid(&schema);
    let counterparts = Counterparts::new(&schema);
    let mut candidates = counterparts.of(&schema, &arguments).into_iter();
    let given = candidates
        .find(|it| validator.is_valid(it) && converted.decode_arguments(it.clone()) == arguments);
    // There may be a counterpart among those that were not tried.
    if given.is_none() && counterparts.gave_up() {
        return Ok(false);
    }
    prop_assert!(
        given.is_some(),
        "{provider:?}: {}\nis converted to {schema}\nwhich has no counterpart of {arguments}\n{:#?}",
        case.input_schema,
        converted.changes()
    );
    Ok(true)
}

#[test]
fn every_widening_is_reported() {
    run(is_no_wider, 80);
}

#[test]
fn every_narrowing_is_reported() {
    run(is_no_narrower, 40);
}

/// Returns the names of the members in their order, without those that are renamed.
fn plain_names(schema: &Value) -> Vec<String> {
    let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name);
    names.filter(|name| name.len() == 1 && name.is_ascii()).cloned().collect()
}

#[test]
fn members_keep_their_order() {
    proptest!(property_tests::config_with_cases(300), |(input_schema in objects(schemas().boxed()))| {
        let original = plain_names(&input_schema);
        let input_schema = Schema::from_value(input_schema).unwrap();
        for provider in PROVIDERS {
            let converted = ProviderSchema::new(provider, &input_schema);
            let schema: Value = converted.schema().parse().unwrap();
            let mut names = plain_names(&schema);
            if schema.get("propertyOrdering").is_some() {
                let order: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
                prop_assert_eq!(&schema["propertyOrdering"], &json!(order));
            }
            // A member that accepts no value may be left out, and a required one may be added.
            names.retain(|name| original.contains(name));
            let kept: Vec<_> = original.iter().filter(|name| names.contains(name)).collect();
            prop_assert_eq!(names.iter().collect::<Vec<_>>(), kept, "{:?}: {}", provider, schema);
        }
    });
}

#[test]
fn conversion_is_deterministic() {
    proptest!(property_tests::config_with_cases(50), |(input_schema in arguments())| {
        let input_schema = Schema::from_value(input_schema).unwrap();
        for provider in Provider::ALL {
            let one = ProviderSchema::new(provider, &input_schema);
            let other = ProviderSchema::new(provider, &input_schema);
            prop_assert_eq!(one.schema(), other.schema());
            prop_assert_eq!(one.changes(), other.changes());
        }
    });
}
