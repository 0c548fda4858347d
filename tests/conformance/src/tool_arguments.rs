//! Arguments for unknown tools, generated from their schemas.

use anyhow::{Context as _, Result};
use mcp_http::mcp_client::ToolDefinition;
use serde_json::{Map, Value, json};

/// Returns arguments with a value for each property in the schema.
pub(crate) fn of(tool: &ToolDefinition) -> Result<Value> {
    let schema = tool.input_schema.parse().context("cannot parse the schema")?;
    Ok(object(&schema))
}

fn object(schema: &Value) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let described = properties.into_iter().flatten();
    described.map(|(name, schema)| (name.clone(), value(schema))).collect::<Map<_, _>>().into()
}

/// Returns the value that a schema names, or a value of its type.
fn value(schema: &Value) -> Value {
    let first = schema.get("enum").and_then(|values| values.get(0));
    if let Some(named) = schema.get("const").or_else(|| schema.get("default")).or(first) {
        return named.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => json!("text"),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => object(schema),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_property_has_a_value_of_its_type() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": { "type": "number" },
                "b": { "type": "string", "enum": ["red", "green"] },
                "c": { "type": "boolean", "default": false },
                "d": { "type": "object", "properties": { "e": { "type": "string" } } },
                "f": { "const": 7 },
                "g": { "type": "array", "items": { "type": "string" } },
                "h": { "type": "null" },
            },
        });
        let expected = json!({
            "a": 1, "b": "red", "c": false, "d": { "e": "text" }, "f": 7, "g": [], "h": null,
        });
        assert_eq!(object(&schema), expected);
        assert_eq!(object(&json!({ "type": "object" })), json!({}));
    }
}
