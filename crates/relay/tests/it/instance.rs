//! Generation of values that are valid by a schema, as a model would generate them.

use serde_json::{Map, Value, json};

/// Generates values from a list of choices, which proptest can shrink.
pub(crate) struct Generator<'a> {
    root: &'a Value,
    choices: &'a [u8],
    at: usize,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(root: &'a Value, choices: &'a [u8]) -> Self {
        Self { root, choices, at: 0 }
    }

    fn pick(&mut self, count: usize) -> usize {
        let choice = self.choices.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        usize::from(choice) % count.max(1)
    }

    /// Returns a value that is probably valid. `None` if it is nested too deeply.
    pub(crate) fn value(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        if depth > 12 {
            return None;
        }
        if let Some(pointer) = schema.get("$ref").and_then(Value::as_str) {
            return self.value(self.root.pointer(&pointer[1..])?, depth + 1);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.all(parts, schema, depth);
        }
        if let Some(only) = schema.get("const") {
            return Some(only.clone());
        }
        if let Some(parts) = ["anyOf", "oneOf", "enum"].iter().find_map(|it| schema.get(*it)) {
            let parts = parts.as_array()?;
            let part = &parts[self.pick(parts.len())];
            return match schema.get("enum") {
                Some(_) => Some(part.clone()),
                None => self.value(part, depth + 1),
            };
        }
        let any_type = if schema.get("properties").is_some() {
            json!("object")
        } else {
            json!(["string", "null", "integer", "boolean", "array", "object"])
        };
        let types = schema.get("type").cloned().unwrap_or(any_type);
        let kind = match &types {
            Value::Array(types) => types[self.pick(types.len())].as_str()?,
            kind => kind.as_str()?,
        };
        Some(match kind {
            "null" => Value::Null,
            "boolean" => json!(self.pick(2) == 1),
            "integer" => json!(self.number(schema)),
            "number" => json!(self.number(schema) as f64 + 0.5),
            "array" => {
                let items = schema.get("items").cloned().unwrap_or_else(|| json!({}));
                let first = schema.get("prefixItems").and_then(Value::as_array);
                let first = first.into_iter().flatten().chain(std::iter::repeat(&items));
                let count = self.pick(3);
                first.take(count).map(|it| self.value(it, depth + 1)).collect::<Option<Value>>()?
            }
            "object" => Value::Object(self.object(schema, depth)?),
            _ => {
                let texts = ["abc", "", "1", "null", "{\"a\":1}", "[true]"];
                json!(texts[self.pick(texts.len())])
            }
        })
    }

    /// Returns a value that may be valid by all parts. It has the members of each part if all are
    /// objects, or is the value of the first part.
    fn all(&mut self, parts: &[Value], schema: &Value, depth: usize) -> Option<Value> {
        let mut beside = schema.clone();
        beside.as_object_mut()?.remove("allOf");
        let mut values = Vec::new();
        for part in parts.iter().chain([&beside]) {
            values.push(self.value(part, depth + 1)?);
        }
        if values.iter().all(Value::is_object) {
            let members = values.into_iter().rev().filter_map(|it| it.as_object().cloned());
            return Some(Value::Object(members.flatten().collect()));
        }
        values.into_iter().next()
    }

    fn number(&mut self, schema: &Value) -> i64 {
        schema.get("minimum").and_then(Value::as_i64).unwrap_or(0) + self.pick(5) as i64
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Option<Map<String, Value>> {
        let mut object = Map::new();
        let required = schema.get("required").and_then(Value::as_array);
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let is_required = required.is_some_and(|names| names.contains(&json!(name)));
            if is_required || self.pick(2) == 1 {
                object.insert(name.clone(), self.value(property, depth + 1)?);
            }
        }
        let others = schema.get("additionalProperties");
        if others != Some(&json!(false)) && self.pick(3) == 1 {
            let others = others.filter(|it| it.is_object()).cloned().unwrap_or_else(|| json!({}));
            object.insert("other".to_owned(), self.value(&others, depth + 1)?);
        }
        Some(object)
    }
}

/// Replaces OpenAPI's `nullable` by the equivalent JSON Schema.
pub(crate) fn without_nullable(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) => {
            let nullable = members.remove("nullable") == Some(json!(true));
            let members = members.into_iter().map(|(name, it)| (name, without_nullable(it)));
            let schema = Value::Object(members.collect());
            if nullable { json!({ "anyOf": [schema, { "type": "null" }] }) } else { schema }
        }
        Value::Array(items) => items.into_iter().map(without_nullable).collect(),
        other => other,
    }
}
