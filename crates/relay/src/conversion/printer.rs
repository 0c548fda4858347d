//! Printing of a schema in the normal form as JSON for a provider.

use serde_json::{Map, Value, json};

use super::{
    normal_form::{Alternative, Array, Keywords, Kind, Node, Object, is_whole},
    rules::ProviderRules,
};

/// Prints a schema with its definitions.
pub(super) fn print<'a>(
    root: &Node,
    definitions: impl IntoIterator<Item = (&'a String, &'a Node)>,
    rules: &ProviderRules,
) -> Value {
    let mut schema = node(root, rules);
    let each = |(name, it): (&String, &Node)| (name.clone(), node(it, rules));
    let definitions: Keywords = definitions.into_iter().map(each).collect();
    if !definitions.is_empty() {
        schema["$defs"] = Value::Object(definitions);
    }
    schema
}

fn node(source: &Node, rules: &ProviderRules) -> Value {
    let mut schema = match source.is_any() || source.is_never() {
        true => json!({}),
        false => union(&source.any_of, rules),
    };
    // In OpenAPI, `anyOf` has no sibling keywords.
    let target = match rules.openapi && schema.get("anyOf").is_some() {
        true => &mut schema["anyOf"][0],
        false => &mut schema,
    };
    for (keyword, value) in source.annotations.iter().chain(&source.rest) {
        if target.get(keyword).is_none() {
            target[keyword] = value.clone();
        }
    }
    without_siblings(schema)
}

/// Moves a reference into an `anyOf` if it has sibling keywords, because providers reject those.
fn without_siblings(mut schema: Value) -> Value {
    if let Value::Object(keywords) = &mut schema
        && keywords.len() > 1
        && let Some(reference) = keywords.shift_remove("$ref")
    {
        keywords.insert("anyOf".to_owned(), json!([{ "$ref": reference }]));
    }
    schema
}

fn union(any_of: &[Alternative], rules: &ProviderRules) -> Value {
    let (nulls, others): (Vec<_>, Vec<_>) = any_of.iter().partition(|it| it.kind == Kind::Null);
    let mut schema: Vec<_> = others.iter().map(|it| alternative(it, rules)).collect();
    if !nulls.is_empty() {
        match (&others[..], schema.first_mut()) {
            (_, Some(first)) if rules.openapi => first["nullable"] = json!(true),
            ([one], Some(only)) if is_scalar(&one.kind) => {
                only["type"] = json!([only["type"], "null"]);
            }
            _ => schema.extend(nulls.into_iter().map(|it| alternative(it, rules))),
        }
    }
    match &mut schema[..] {
        [only] => only.take(),
        _ => json!({ "anyOf": schema }),
    }
}

fn is_scalar(kind: &Kind) -> bool {
    matches!(kind, Kind::Boolean | Kind::Number { .. } | Kind::String)
}

fn alternative(source: &Alternative, rules: &ProviderRules) -> Value {
    let mut schema = match &source.kind {
        Kind::Null => json!({ "type": "null" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Number { integer: true } => json!({ "type": "integer" }),
        Kind::Number { integer: false } => json!({ "type": "number" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Enum(values) => enum_schema(values),
        Kind::Reference(name) => json!({ "$ref": format!("#/$defs/{name}") }),
        Kind::Array(Array { prefix_items, items }) => {
            let mut array = json!({ "type": "array" });
            if !prefix_items.is_empty() {
                array["prefixItems"] = prefix_items.iter().map(|it| node(it, rules)).collect();
            }
            if let Some(items) = items {
                array["items"] = node_or_false(items, rules);
            } else if prefix_items.is_empty() {
                array["items"] = json!({});
            }
            array
        }
        Kind::Object(Object { members, others: rest }) => {
            let each =
                members.iter().map(|(name, it)| (name.clone(), node_or_false(&it.node, rules)));
            let properties: Map<_, _> = each.collect();
            let mut object = json!({ "type": "object", "properties": properties });
            let required = members.iter().filter(|(_, member)| member.required);
            let required: Vec<_> = required.map(|(name, _)| name).collect();
            if !required.is_empty() || rules.all_required {
                object["required"] = json!(required);
            }
            if rules.ordering && members.len() > 1 {
                object["propertyOrdering"] = members.keys().map(String::as_str).collect();
            }
            if let Some(rest) = rest {
                object["additionalProperties"] = node_or_false(rest, rules);
            }
            object
        }
    };
    for (keyword, value) in source.keywords.iter().chain(&source.annotations) {
        schema[keyword] = value.clone();
    }
    without_siblings(schema)
}

/// Prints a schema that may be `false`.
fn node_or_false(source: &Node, rules: &ProviderRules) -> Value {
    if source.is_never() { json!(false) } else { node(source, rules) }
}

fn enum_schema(values: &[Value]) -> Value {
    let whole = values.iter().all(is_integer);
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) if whole => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let mut kinds: Vec<_> = values.iter().map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    match kinds[..] {
        [only] => json!({ "type": only, "enum": values }),
        _ => json!({ "enum": values }),
    }
}

fn is_integer(value: &Value) -> bool {
    value.as_number().is_some_and(is_whole)
}
