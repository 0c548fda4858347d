//! Conversion of arguments to the form of a converted schema, by search.

use std::cell::Cell;

use serde_json::{Map, Value, json};

/// The maximum number of candidates.
const MAX_CANDIDATES: usize = 200;

/// Finds candidates for a value in the form of a converted schema.
pub(crate) struct Counterparts<'a> {
    root: &'a Value,
    /// Set if there were too many candidates, so that some are missing.
    gave_up: Cell<bool>,
}

impl<'a> Counterparts<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, gave_up: Cell::new(false) }
    }

    /// Returns whether there were more candidates than the maximum number.
    pub(crate) fn gave_up(&self) -> bool {
        self.gave_up.get()
    }

    /// Returns candidates for the converted value. Some of them may be invalid.
    pub(crate) fn of(&self, schema: &Value, value: &Value) -> Vec<Value> {
        if let Some(pointer) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(&pointer[1..]);
            return target.map_or_else(Vec::new, |target| self.of(target, value));
        }
        if let Some(parts) = schema.get("anyOf").and_then(Value::as_array) {
            return self.limited(parts.iter().flat_map(|part| self.of(part, value)));
        }
        let mut candidates = vec![value.clone(), json!(value.to_string())];
        match (schema.get("properties").and_then(Value::as_object), value) {
            (Some(members), Value::Object(object)) => {
                candidates.extend(self.object(schema, members, object));
            }
            (Some(members), value) => candidates.extend(self.wrapped(members, value)),
            _ => {}
        }
        if let Some(members) = schema.get("properties").and_then(Value::as_object) {
            candidates.extend(self.wrapped(members, value));
        }
        let item = &schema["items"];
        match value {
            Value::Array(items) => {
                let first = schema.get("prefixItems").and_then(Value::as_array);
                let schemas = first.into_iter().flatten().chain(std::iter::repeat(item));
                let each = items.iter().zip(schemas).map(|(value, schema)| self.of(schema, value));
                candidates.extend(self.combined(each).into_iter().map(Value::Array));
            }
            Value::Object(object) if item["properties"].get("key").is_some() => {
                let each = object.iter().map(|(key, value)| {
                    let values = self.of(&item["properties"]["value"], value).into_iter();
                    values.map(|value| json!({ "key": key, "value": value })).collect()
                });
                candidates.extend(self.combined(each).into_iter().map(Value::Array));
            }
            _ => {}
        }
        candidates
            .retain(|candidate| is_of_type(schema, candidate) && has_members(schema, candidate));
        candidates
    }

    /// Returns the combinations of one candidate for each part, up to the maximum number.
    fn combined(&self, each: impl Iterator<Item = Vec<Value>>) -> Vec<Vec<Value>> {
        each.fold(vec![Vec::new()], |all, candidates| {
            let extend = |start: Vec<Value>| {
                let with =
                    |candidate: &Value| [&start[..], std::slice::from_ref(candidate)].concat();
                candidates.iter().map(with).collect::<Vec<_>>()
            };
            self.limited(all.into_iter().flat_map(extend))
        })
    }

    /// Collects candidates up to the maximum number.
    fn limited<T>(&self, mut candidates: impl Iterator<Item = T>) -> Vec<T> {
        let limited = candidates.by_ref().take(MAX_CANDIDATES).collect();
        if candidates.next().is_some() {
            self.gave_up.set(true);
        }
        limited
    }

    fn wrapped(&self, members: &Map<String, Value>, value: &Value) -> Vec<Value> {
        let inner = members.get("arguments").map(|schema| self.of(schema, value));
        inner.into_iter().flatten().map(|value| json!({ "arguments": value })).collect()
    }

    /// Returns candidates for an object. Required members that are absent become null.
    fn object(
        &self,
        schema: &Value,
        members: &Map<String, Value>,
        object: &Map<String, Value>,
    ) -> Vec<Value> {
        let required = |name: &String| {
            schema["required"].as_array().is_some_and(|it| it.contains(&json!(name)))
        };
        let named =
            members.iter().filter_map(|(name, member)| match object.get(original_name(name)) {
                Some(value) => Some((name, self.of(member, value))),
                None => required(name).then(|| (name, vec![Value::Null])),
            });
        let named_members: Vec<_> = members.keys().map(|name| original_name(name)).collect();
        let others = object.iter().filter(|(name, _)| !named_members.contains(&&***name)).map(
            |(name, value)| {
                (
                    name,
                    match schema.get("additionalProperties") {
                        Some(others) => self.of(others, value),
                        None => vec![value.clone()],
                    },
                )
            },
        );
        let (names, values): (Vec<_>, Vec<_>) = named.chain(others).unzip();
        let whole = |values: Vec<Value>| names.iter().copied().cloned().zip(values).collect();
        self.combined(values.into_iter()).into_iter().map(whole).collect()
    }
}

fn is_of_type(schema: &Value, candidate: &Value) -> bool {
    let has_type = |name: &Value| match name.as_str() {
        Some("null") => candidate.is_null(),
        Some("boolean") => candidate.is_boolean(),
        Some("integer" | "number") => candidate.is_number(),
        Some("string") => candidate.is_string(),
        Some("array") => candidate.is_array(),
        _ => candidate.is_object(),
    };
    match &schema["type"] {
        Value::Array(names) => names.iter().any(has_type),
        Value::Null => true,
        name => has_type(name),
    }
}

/// Returns whether all required members are present. Only few candidates are tried, so this removes
/// the hopeless ones.
fn has_members(schema: &Value, candidate: &Value) -> bool {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    candidate
        .as_object()
        .is_none_or(|candidate| required.into_iter().all(|name| candidate.contains_key(name)))
}

/// Returns the original name of a member. Only the names in `property.rs` are known.
fn original_name(name: &str) -> &str {
    match name.strip_prefix("p_") {
        Some(name) if name.starts_with("bad_name") => "bad name",
        Some(_) => "\u{e9}",
        None => name,
    }
}
