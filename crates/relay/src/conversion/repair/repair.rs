//! Repairs of schemas: keywords whose values JSON Schema does not allow, and those of OpenAPI and
//! older drafts. One such keyword would make a provider reject the whole request.

use serde_json::{Map, Value, json};

use super::keyword::{Checked, allow_null, checked};
use crate::{
    conversion::{
        change::{ChangeEffect, ChangeReport},
        rules::{KeywordScope, ProviderRules, keyword_scope},
    },
    validation::contradicts,
};

type Object = Map<String, Value>;

/// Repairs a schema and its subschemas. The report lists each change.
pub(crate) fn repair(root: &mut Value, rules: &ProviderRules, report: &mut ChangeReport) {
    let mut repair = Repair { rules, report };
    if let Value::Object(root) = root
        && root.shift_remove("title").is_some()
    {
        repair.same("title", "is left out, because the tool has a name");
    }
    repair.schema(root, None);
}

/// The state of the repair of one schema.
struct Repair<'a> {
    rules: &'a ProviderRules,
    report: &'a mut ChangeReport,
}

impl Repair<'_> {
    fn same(&mut self, keyword: &str, reason: &'static str) {
        self.report.change(keyword, ChangeEffect::Same, reason);
    }

    fn wider(&mut self, keyword: &str, reason: &'static str) {
        self.report.change(keyword, ChangeEffect::Wider, reason);
    }

    /// Repairs any value in the place of a schema. `name` is the name of the member, if it is one.
    fn schema(&mut self, schema: &mut Value, name: Option<&str>) {
        match schema {
            Value::Object(object) => {
                self.required(object);
                self.values(object);
                self.bounds(object);
                self.contradiction(object);
                self.items(object);
                self.title(object, name);
                self.pattern(object);
                self.subschemas(object);
            }
            Value::Bool(_) => return,
            _ => {
                *schema = json!({});
                self.wider("properties", "has no schema, so any value is allowed");
            }
        }
        self.nullable(schema);
    }

    /// Corrects or removes keywords with invalid values.
    fn values(&mut self, schema: &mut Object) {
        let keywords: Vec<_> = schema.keys().cloned().collect();
        for keyword in keywords {
            let value = &schema[&keyword];
            match checked(&keyword, value) {
                Checked::Valid => {}
                Checked::Replaced(value) => {
                    schema.insert(keyword.clone(), value);
                    self.same(&keyword, "has an invalid value, which is corrected");
                }
                Checked::Invalid => {
                    let is_null = value.is_null();
                    schema.shift_remove(&keyword);
                    match keyword_scope(&keyword) {
                        _ if is_null => self.same(&keyword, "is null, so it is ignored"),
                        KeywordScope::Annotation => {
                            self.same(&keyword, "has an invalid value, so it is ignored");
                        }
                        _ if keyword == "type" => {
                            self.wider(&keyword, "is unknown, so any type is allowed");
                        }
                        _ => self.wider(&keyword, "has an invalid value, so it is ignored"),
                    }
                }
            }
        }
    }

    /// Replaces boolean bounds, as in draft 4.
    fn bounds(&mut self, schema: &mut Object) {
        for (exclusive, inclusive) in
            [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")]
        {
            let Some(Value::Bool(is_exclusive)) = schema.get(exclusive) else { continue };
            let bound = schema.get(inclusive).filter(|_| *is_exclusive).cloned();
            schema.shift_remove(exclusive);
            if let Some(bound) = bound {
                schema.shift_remove(inclusive);
                schema.insert(exclusive.to_owned(), bound);
            }
            self.same(exclusive, "is a boolean as in draft 4, which is replaced");
        }
    }

    /// Removes a `type` that contradicts all values of `enum` or `const`.
    fn contradiction(&mut self, schema: &mut Object) {
        let Some(kind) = schema.get("type") else { return };
        if contradicts(kind, schema) {
            schema.shift_remove("type");
            self.wider("type", "contradicts all values of the \"enum\", so it is ignored");
        }
    }

    /// Adds `items` to an array if all keywords are supported. OpenAI requires it.
    fn items(&mut self, schema: &mut Object) {
        let is_array = match schema.get("type") {
            Some(Value::Array(names)) => names.contains(&json!("array")),
            kind => kind.is_some_and(|kind| kind == "array"),
        };
        let has_items = schema.contains_key("items") || schema.contains_key("prefixItems");
        if is_array && !has_items && self.rules.keywords.is_none() {
            schema.insert("items".to_owned(), json!({}));
            self.same("items", "is missing, so an empty schema is added");
        }
    }

    /// Removes a title. It becomes the description if there is none and it says more than the name.
    fn title(&mut self, schema: &mut Object, name: Option<&str>) {
        let Some(Value::String(title)) = schema.shift_remove("title") else { return };
        let repeats = name.is_some_and(|name| letters(name).eq(letters(&title)));
        match schema.contains_key("description") || repeats || title.trim().is_empty() {
            true => self.same("title", "is left out, because there is a description or a name"),
            false => {
                schema.insert("description".to_owned(), json!(title));
                self.same("title", "becomes the description");
            }
        }
    }

    /// Removes patterns that the provider rejects, and describes them.
    fn pattern(&mut self, schema: &mut Object) {
        const REASON: &str = "has syntax that is not supported, such as lookaround";
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && !(self.rules.pattern)(pattern)
        {
            let hint = format!("(pattern: {pattern})");
            schema.shift_remove("pattern");
            let description = match schema.get("description").and_then(Value::as_str) {
                Some(description) => format!("{description} {hint}"),
                None => hint,
            };
            schema.insert("description".to_owned(), json!(description));
            self.wider("pattern", REASON);
        }
        if let Some(Value::Object(patterns)) = schema.get_mut("patternProperties") {
            let count = patterns.len();
            patterns.retain(|pattern, _| (self.rules.pattern)(pattern));
            if patterns.len() < count {
                let is_empty = patterns.is_empty();
                self.wider("patternProperties", REASON);
                // Names that match the pattern may be allowed only by it.
                self.report.change("patternProperties", ChangeEffect::Narrower, REASON);
                if is_empty {
                    schema.shift_remove("patternProperties");
                }
            }
        }
    }

    /// Moves `required: true` of members to the list of the object, as in draft 3.
    fn required(&mut self, schema: &mut Object) {
        let Some(Value::Object(members)) = schema.get_mut("properties") else { return };
        let (mut required, mut is_found) = (Vec::new(), false);
        for (name, member) in members {
            let Some(member) = member.as_object_mut() else { continue };
            if let Some(Value::Bool(is_required)) = member.get("required") {
                if *is_required {
                    required.push(json!(name));
                }
                member.shift_remove("required");
                is_found = true;
            }
        }
        if !required.is_empty() {
            let mut names = match schema.get("required") {
                Some(Value::Array(names)) => names.clone(),
                _ => Vec::new(),
            };
            required.retain(|name| !names.contains(name));
            names.extend(required);
            schema.insert("required".to_owned(), Value::Array(names));
        }
        if is_found {
            self.same("required", "of a property becomes an entry of the object's list");
        }
    }

    /// Repairs the subschemas.
    fn subschemas(&mut self, schema: &mut Object) {
        for (keyword, value) in schema {
            match (&**keyword, value) {
                ("enum" | "const" | "default" | "examples", _) => {}
                ("properties", Value::Object(members)) => {
                    for (name, member) in members {
                        self.within(format!(".{name}"), |it| it.schema(member, Some(name)));
                    }
                }
                (
                    "patternProperties" | "dependentSchemas" | "dependencies" | "$defs"
                    | "definitions",
                    Value::Object(schemas),
                ) => {
                    for (name, schema) in schemas {
                        // The names that a dependency requires are no schema.
                        if !schema.is_array() {
                            self.within(format!("#{name}"), |it| it.schema(schema, Some(name)));
                        }
                    }
                }
                ("items" | "prefixItems", Value::Array(items)) => {
                    items.iter_mut().for_each(|item| self.item(item));
                }
                ("items" | "additionalItems" | "contains" | "unevaluatedItems", item) => {
                    self.item(item);
                }
                ("additionalProperties" | "unevaluatedProperties", other) => {
                    self.within("{}".to_owned(), |it| it.schema(other, None));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                    parts.iter_mut().for_each(|part| self.schema(part, None));
                }
                ("not" | "if" | "then" | "else" | "propertyNames", part) => self.schema(part, None),
                _ => {}
            }
        }
    }

    fn item(&mut self, item: &mut Value) {
        self.within("[]".to_owned(), |it| it.schema(item, None));
    }

    fn within(&mut self, segment: String, repair: impl FnOnce(&mut Self)) {
        self.report.enter(segment);
        repair(self);
        self.report.leave();
    }

    /// Replaces `nullable`, as in OpenAPI 3.0.
    fn nullable(&mut self, schema: &mut Value) {
        let Some(nullable) = schema.as_object_mut().and_then(|it| it.shift_remove("nullable"))
        else {
            return;
        };
        self.same("nullable", "is a keyword of OpenAPI, which is replaced");
        if nullable != json!(true) {
            return;
        }
        let is_union = ["$ref", "allOf", "anyOf", "oneOf", "const", "not", "if"];
        if let Value::Object(object) = schema
            && !is_union.iter().any(|keyword| object.contains_key(*keyword))
        {
            allow_null(object);
            return;
        }
        *schema = json!({ "anyOf": [schema.take(), { "type": "null" }] });
    }
}

/// Returns the letters and digits of a text in lower case.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}
