//! Elicitation forms: applies defaults and validates the content.

use mcp_types::{
    JsonObject, Schema,
    v2026_07_28::{ElicitAction, ElicitResult},
};
use serde::Deserialize;
use serde_json::Value;

use crate::transport::BoxError;

/// The parts of a form that are used here. A form is a flat JSON Schema (MCP client/elicitation,
/// "Requested Schema").
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    properties: JsonObject,
    required: Vec<String>,
}

impl Form {
    pub(crate) fn parse(schema: &Schema) -> serde_json::Result<Self> {
        schema.parse()
    }

    /// Validates the result and applies defaults. Only an accepted form has content.
    pub(crate) fn complete(&self, mut result: ElicitResult) -> Result<ElicitResult, BoxError> {
        if result.action != ElicitAction::Accept {
            result.content = None;
            return Ok(result);
        }
        let mut content = result.content.unwrap_or_default();
        for (name, field) in &self.properties {
            if let Some(default) = field.get("default").filter(|default| is_allowed_value(default))
            {
                content.entry(name).or_insert_with(|| default.clone());
            }
        }
        content.retain(|_, value| !value.is_null());
        self.check(&content)?;
        result.content = Some(content);
        Ok(result)
    }

    fn check(&self, content: &JsonObject) -> Result<(), BoxError> {
        if let Some(name) = self.required.iter().find(|name| !content.contains_key(*name)) {
            return Err(format!("missing required field {name:?}").into());
        }
        for (name, value) in content {
            let field = self.properties.get(name).unwrap_or(&Value::Null);
            if !is_allowed_value(value) || !is_valid(field, value) {
                return Err(format!("field {name:?}: invalid value").into());
            }
        }
        Ok(())
    }
}

/// Returns `true` if a form may contain the value. Objects are not allowed, and arrays only of
/// strings.
fn is_allowed_value(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
        Value::Array(values) => values.iter().all(Value::is_string),
        Value::Null | Value::Object(_) => false,
    }
}

/// Returns `true` if the value is valid for its field. The server checks the `format` of strings.
fn is_valid(field: &Value, value: &Value) -> bool {
    let in_range = |size: f64, least: &str, most: &str| {
        let bound = |name: &str| field.get(name).and_then(Value::as_f64);
        bound(least).is_none_or(|least| size >= least)
            && bound(most).is_none_or(|most| size <= most)
    };
    let number = value.as_f64();
    match field.get("type").and_then(Value::as_str) {
        Some("string") => value.as_str().is_some_and(|text| {
            in_range(text.chars().count() as f64, "minLength", "maxLength")
                && is_allowed_choice(field, value)
        }),
        Some("number") => number.is_some_and(|it| in_range(it, "minimum", "maximum")),
        Some("integer") => {
            number.is_some_and(|it| it.fract() == 0.0 && in_range(it, "minimum", "maximum"))
        }
        Some("boolean") => value.is_boolean(),
        Some("array") => value.as_array().is_some_and(|values| {
            let items = field.get("items").unwrap_or(&Value::Null);
            in_range(values.len() as f64, "minItems", "maxItems")
                && values.iter().all(|value| is_allowed_choice(items, value))
        }),
        _ => true,
    }
}

/// Returns `true` if the value is one of the allowed choices, or if the field has no choices.
fn is_allowed_choice(field: &Value, value: &Value) -> bool {
    let listed = |name: &str| field.get(name).and_then(Value::as_array);
    if let Some(values) = listed("enum") {
        return values.contains(value);
    }
    let titled = listed("oneOf").or_else(|| listed("anyOf"));
    titled.is_none_or(|options| options.iter().any(|option| option.get("const") == Some(value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn accepted(form: Value, content: Value) -> Result<Value, String> {
        let form: Form = serde_json::from_value(form).unwrap();
        let content = serde_json::from_value(content).unwrap();
        let result = ElicitResult::new(ElicitAction::Accept).with_content(content);
        let result = form.complete(result).map_err(|error| error.to_string())?;
        Ok(Value::Object(result.content.unwrap()))
    }

    #[test]
    fn fields_without_a_value_get_their_default() {
        // ELIC-05, ELIC-06, N-ELIC-04
        let form = json!({ "type": "object", "properties": {
            "name": { "type": "string", "default": "Ada" },
            "score": { "type": "number", "default": 0.5 },
            "age": { "type": "integer", "default": 36 },
            "verified": { "type": "boolean", "default": false },
            "status": { "type": "string", "enum": ["on", "off"], "default": "on" },
            "rank": { "type": "string", "oneOf": [{ "const": "a", "title": "A" }], "default": "a" },
            "colors": { "type": "array", "items": { "enum": ["red", "blue"] }, "default": ["red"] },
            "note": { "type": "string" },
            "odd": { "type": "object", "default": { "not": "plain" } },
        }, "required": ["name", "note"] });
        assert_eq!(
            accepted(form.clone(), json!({ "note": "x", "age": 7, "verified": null })),
            Ok(json!({
                "name": "Ada", "score": 0.5, "age": 7, "status": "on", "rank": "a",
                "colors": ["red"], "note": "x",
            }))
        );
        let missing = "missing required field \"note\"";
        assert_eq!(accepted(form, json!({})), Err(missing.to_owned()));
    }

    #[test]
    fn content_that_violates_the_schema_is_an_error() {
        // ELIC-06, ELIC-07
        let titled = json!([{ "const": "a", "title": "A" }]);
        for (field, good, bad) in [
            (json!({ "type": "string", "minLength": 2, "maxLength": 3 }), json!("äöü"), json!("ä")),
            (json!({ "type": "string", "maxLength": 3 }), json!(""), json!("long")),
            (json!({ "type": "string" }), json!("7"), json!(7)),
            (json!({ "type": "string", "enum": ["a"] }), json!("a"), json!("b")),
            (json!({ "type": "string", "oneOf": titled }), json!("a"), json!("A")),
            (json!({ "type": "number", "minimum": 1.5 }), json!(1.5), json!(1)),
            (json!({ "type": "integer", "maximum": 3 }), json!(3.0), json!(4)),
            (json!({ "type": "integer" }), json!(-3), json!(0.5)),
            (json!({ "type": "boolean" }), json!(true), json!("true")),
            (json!({ "type": "array", "items": { "anyOf": titled } }), json!(["a"]), json!(["b"])),
            (json!({ "type": "array", "minItems": 1 }), json!(["a"]), json!([])),
            (json!({ "type": "array", "maxItems": 1 }), json!(["a"]), json!(["a", "b"])),
            (json!({ "type": "array" }), json!(["a"]), json!([1])),
            (json!({}), json!("anything"), json!({ "but": "objects" })),
        ] {
            let form = json!({ "properties": { "it": field } });
            let (good, bad) = (json!({ "it": good }), json!({ "it": bad }));
            assert_eq!(accepted(form.clone(), good.clone()), Ok(good), "{form}");
            let invalid = "field \"it\": invalid value";
            assert_eq!(accepted(form.clone(), bad), Err(invalid.to_owned()), "{form}");
        }
    }

    #[test]
    fn only_an_accepted_form_has_content() {
        // ELIC-07
        let form: Form = serde_json::from_value(json!({ "required": ["name"] })).unwrap();
        for action in [ElicitAction::Decline, ElicitAction::Cancel] {
            let result = ElicitResult::new(action).with_content(JsonObject::new());
            assert_eq!(form.complete(result).unwrap().content, None);
        }
    }
}
