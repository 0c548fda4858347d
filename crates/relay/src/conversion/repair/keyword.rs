//! The values that JSON Schema allows for each keyword.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// The result of the check of a keyword's value.
pub(crate) enum Checked {
    Valid,
    Replaced(Value),
    Invalid,
}

/// Allows null in a schema without subschemas for the same value.
pub(crate) fn allow_null(schema: &mut Object) {
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    match schema.get_mut("type") {
        Some(Value::Array(names)) if !names.contains(&json!("null")) => names.push(json!("null")),
        Some(name @ Value::String(_)) if name != "null" => *name = json!([name.take(), "null"]),
        _ => {}
    }
}

/// Checks the value of a keyword.
pub(crate) fn checked(keyword: &str, value: &Value) -> Checked {
    let is_schema = |value: &Value| value.is_object() || value.is_boolean();
    let valid = |is_valid: bool| if is_valid { Checked::Valid } else { Checked::Invalid };
    match keyword {
        "type" => types(value),
        // In draft 3, a boolean belongs to the property that has the keyword.
        "required" => names(value),
        "enum" => distinct(value),
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
        | "dependentRequired" | "dependencies" => valid(value.is_object()),
        "items" => valid(is_schema(value) || value.as_array().is_some_and(|it| !it.is_empty())),
        "additionalProperties"
        | "unevaluatedProperties"
        | "unevaluatedItems"
        | "additionalItems"
        | "not"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames" => valid(is_schema(value)),
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
            valid(value.as_array().is_some_and(|parts| !parts.is_empty()))
        }
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties"
        | "minContains" | "maxContains" => number(value, true),
        "minimum" | "maximum" | "multipleOf" => number(value, false),
        "exclusiveMinimum" | "exclusiveMaximum" if !value.is_boolean() => number(value, false),
        "uniqueItems" | "nullable" | "deprecated" | "readOnly" | "writeOnly" => flag(value),
        "description" | "title" | "pattern" | "format" | "$ref" | "$schema" | "$id"
        | "$comment" => match value {
            Value::String(_) => Checked::Valid,
            Value::Number(_) if keyword == "description" => {
                Checked::Replaced(json!(value.to_string()))
            }
            _ => Checked::Invalid,
        },
        "examples" => valid(value.is_array()),
        _ => Checked::Valid,
    }
}

fn types(value: &Value) -> Checked {
    const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];
    let known = |name: &Value| {
        let lower_case = name.as_str()?.to_ascii_lowercase();
        TYPES.into_iter().find(|known| *known == lower_case)
    };
    let correct = match value {
        Value::Array(names) => {
            let known: Option<Vec<_>> = names.iter().map(known).collect();
            let mut distinct = Vec::new();
            for name in known.unwrap_or_default() {
                if !distinct.contains(&name) {
                    distinct.push(name);
                }
            }
            if distinct.is_empty() { None } else { Some(json!(distinct)) }
        }
        name => known(name).map(Value::from),
    };
    match correct {
        Some(correct) if correct == *value => Checked::Valid,
        Some(correct) => Checked::Replaced(correct),
        None => Checked::Invalid,
    }
}

fn names(value: &Value) -> Checked {
    let Value::Array(all) = value else { return Checked::Invalid };
    let mut names = Vec::new();
    for name in all.iter().filter(|name| name.is_string()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.len() == all.len() { Checked::Valid } else { Checked::Replaced(names.into()) }
}

fn distinct(value: &Value) -> Checked {
    let Some(all) = value.as_array().filter(|all| !all.is_empty()) else { return Checked::Invalid };
    let mut seen = HashSet::new();
    let values: Vec<_> = all.iter().filter(|value| seen.insert(value.to_string())).collect();
    if values.len() == all.len() { Checked::Valid } else { Checked::Replaced(json!(values)) }
}

fn number(value: &Value, is_count: bool) -> Checked {
    let parsed = match value {
        Value::String(text) => serde_json::from_str(text.trim()).ok(),
        value => Some(value.clone()),
    };
    let Some(Value::Number(number)) = parsed else { return Checked::Invalid };
    let number = match number.as_f64() {
        Some(count) if is_count && number.as_u64().is_none() => {
            if count < 0.0 || count.fract() != 0.0 || count > 1e15 {
                return Checked::Invalid;
            }
            json!(count as u64)
        }
        _ => Value::Number(number),
    };
    if number == *value { Checked::Valid } else { Checked::Replaced(number) }
}

fn flag(value: &Value) -> Checked {
    match value {
        Value::Bool(_) => Checked::Valid,
        Value::String(text) if text == "true" || text == "false" => {
            Checked::Replaced(json!(text == "true"))
        }
        _ => Checked::Invalid,
    }
}
