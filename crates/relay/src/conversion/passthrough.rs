//! Schemas that a provider supports unchanged, except for the root.

use serde_json::{Map, Value, json};

use super::{
    change::{ChangeEffect, ChangeReport},
    normal_form,
    rules::{KeywordScope, ProviderRules, References, keyword_scope},
};

/// The keywords that no provider supports at the root.
const NOT_AT_ROOT: [&str; 7] = ["$ref", "allOf", "anyOf", "oneOf", "enum", "const", "not"];

/// Returns the schema with changes at the root only. `None` if other changes are needed.
pub(super) fn pass_through(source: &Value, rules: &ProviderRules) -> Option<(Value, ChangeReport)> {
    let root = source.as_object()?;
    let is_object_root = root.get("type").is_none_or(|kind| kind == "object");
    let has_unsupported_root = root.keys().any(|keyword| NOT_AT_ROOT.contains(&&**keyword));
    let walk = Walk { rules, source };
    if rules.keywords.is_some() || has_unsupported_root || !is_object_root || !walk.supports(source)
    {
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
    if root.shift_remove("$schema").is_some() {
        report.change("$schema", ChangeEffect::Same, "is left out, because models do not need it");
    }
    root.retain(|keyword, value| {
        let is_supported = rules.supports_at_root(keyword);
        if !is_supported {
            let all = keyword == "additionalProperties" && *value == json!(true);
            let definitions = matches!(&**keyword, "$defs" | "definitions");
            let effect = match keyword_scope(keyword) {
                _ if all || definitions => ChangeEffect::Same,
                KeywordScope::Annotation => ChangeEffect::Same,
                _ => ChangeEffect::Wider,
            };
            report.change(keyword, effect, "is not supported at the root");
        }
        is_supported
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
    fn supports(&self, schema: &Value) -> bool {
        let Value::Object(schema) = schema else { return true };
        let is_tuple = schema.get("items").is_some_and(Value::is_array);
        if is_tuple || !self.supports_reference(schema) {
            return false;
        }
        schema.iter().all(|(keyword, value)| match (&**keyword, value) {
            ("enum" | "const" | "default" | "examples", _) => true,
            ("properties", Value::Object(members)) => {
                let is_supported_name =
                    |name: &String| self.rules.names.is_none_or(|is_supported| is_supported(name));
                members
                    .iter()
                    .all(|(name, schema)| is_supported_name(name) && self.supports(schema))
            }
            (
                "patternProperties" | "dependentSchemas" | "$defs" | "definitions",
                Value::Object(schemas),
            ) => schemas.values().all(|schema| self.supports(schema)),
            (_, Value::Array(parts)) => parts.iter().all(|part| self.supports(part)),
            (_, value) => self.supports(value),
        })
    }

    /// Returns whether references are supported, and the target of this one is in the schema.
    fn supports_reference(&self, schema: &Map<String, Value>) -> bool {
        let Some(reference) = schema.get("$ref") else { return true };
        // Without `$schema`, the keywords next to a reference of an older draft would count.
        if schema.len() > 1 && normal_form::is_draft_7_or_older(self.source) {
            return false;
        }
        let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
        self.rules.references != References::None
            && pointer.is_some_and(|pointer| self.source.pointer(pointer).is_some())
    }
}
