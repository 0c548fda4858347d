//! Schemas that a provider supports unchanged, except for the root.

use serde_json::{Map, Value, json};

use super::{
    change::{ChangeEffect, ChangeReport},
    rules::{Concern, ProviderRules, References, concern},
};

/// The keywords that no provider supports at the root.
const NOT_AT_ROOT: [&str; 7] = ["$ref", "allOf", "anyOf", "oneOf", "enum", "const", "not"];

/// Returns the schema with changes at the root only. `None` if other changes are needed.
pub(super) fn unchanged(source: &Value, rules: &ProviderRules) -> Option<(Value, ChangeReport)> {
    let root = source.as_object()?;
    let object = root.get("type").is_none_or(|kind| kind == "object");
    let refused = root.keys().any(|keyword| NOT_AT_ROOT.contains(&&**keyword));
    let walk = Walk { rules, source };
    if rules.keywords.is_some() || refused || !object || !walk.takes(source) {
        return None;
    }
    let (mut root, mut report) = (root.clone(), ChangeReport::default());
    let mut missing = |keyword: &str, value, reason| {
        if !root.contains_key(keyword) {
            report.change(keyword, ChangeEffect::Same, reason);
            root.insert(keyword.to_owned(), value);
        }
    };
    missing("type", json!("object"), "is missing, so it is set to \"object\"");
    missing("properties", json!({}), "is missing, so an empty object is added");
    root.retain(|keyword, value| {
        let taken = rules.takes_at_root(keyword);
        if !taken {
            let all = keyword == "additionalProperties" && *value == json!(true);
            let definitions = matches!(&**keyword, "$defs" | "definitions");
            let effect = match concern(keyword) {
                _ if all || definitions => ChangeEffect::Same,
                Concern::Nothing => ChangeEffect::Same,
                _ => ChangeEffect::Wider,
            };
            report.change(keyword, effect, "is not supported at the root");
        }
        taken
    });
    Some((Value::Object(root), report))
}

/// A walk over all subschemas.
struct Walk<'a> {
    rules: &'a ProviderRules,
    source: &'a Value,
}

impl Walk<'_> {
    /// Returns whether the provider supports a schema, with its subschemas, unchanged.
    fn takes(&self, schema: &Value) -> bool {
        let Value::Object(schema) = schema else { return true };
        let tuple = schema.get("items").is_some_and(Value::is_array);
        let list = schema.get("type").is_some_and(|kind| kind == "array");
        let itemless = list && !schema.contains_key("items") && !schema.contains_key("prefixItems");
        let old = ["exclusiveMinimum", "exclusiveMaximum"]
            .iter()
            .any(|keyword| schema.get(*keyword).is_some_and(Value::is_boolean));
        if tuple || itemless || old || !self.leads_somewhere(schema) {
            return false;
        }
        schema.iter().all(|(keyword, value)| match (&**keyword, value) {
            ("enum" | "const" | "default" | "examples", _) => true,
            ("properties", Value::Object(members)) => {
                let named = |name: &String| self.rules.names.is_none_or(|taken| taken(name));
                members.iter().all(|(name, schema)| named(name) && self.takes(schema))
            }
            (
                "patternProperties" | "dependentSchemas" | "$defs" | "definitions",
                Value::Object(schemas),
            ) => schemas.values().all(|schema| self.takes(schema)),
            (_, Value::Array(parts)) => parts.iter().all(|part| self.takes(part)),
            (_, value) => self.takes(value),
        })
    }

    /// Returns whether references are supported, and the target of this one is in the schema.
    fn leads_somewhere(&self, schema: &Map<String, Value>) -> bool {
        let Some(reference) = schema.get("$ref") else { return true };
        let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
        self.rules.references != References::None
            && pointer.is_some_and(|pointer| self.source.pointer(pointer).is_some())
    }
}
