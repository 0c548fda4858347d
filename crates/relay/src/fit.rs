//! Whether JSON fits a JSON Schema, within bounds and without asking anybody.
//!
//! Schemas are what servers say, so each look at a value has a budget. What cannot be judged, such as
//! a `pattern` or a `$ref` to elsewhere, is left open: only what surely does not fit is a violation.

use std::fmt;

use serde_json::{Map, Value};

use crate::number;

/// Judgements that one look at a value may take.
const BUDGET: usize = 100_000;
/// How deep schemas may be applied within each other.
const DEEPEST: usize = 100;
/// Violations that are named.
const MOST: usize = 10;

/// Keywords that need more than is at hand here.
const UNJUDGED: [&str; 5] =
    ["$dynamicRef", "$recursiveRef", "dependencies", "unevaluatedItems", "unevaluatedProperties"];

/// Where a value does not fit, and why. It shows names and what the schema says, and no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The place in the value as a JSON Pointer (RFC 6901); empty for the whole.
    pub path: String,
    /// What the schema demands there.
    pub demand: String,
}

/// What is known of a value and a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// It cannot be judged.
    Open,
}

/// Where `value` surely does not fit `schema` (JSON Schema 2020-12, and what older drafts share).
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<Violation> {
    let mut judge = Judge {
        root: schema,
        budget: BUDGET,
        depth: 0,
        silent: 0,
        path: String::new(),
        found: Vec::new(),
    };
    match judge.fits(schema, value) {
        Fit::No => judge.found,
        Fit::Yes | Fit::Open => Vec::new(),
    }
}

struct Judge<'a> {
    root: &'a Value,
    budget: usize,
    depth: usize,
    /// Above zero where a misfit is no violation yet, as within `anyOf`.
    silent: usize,
    path: String,
    found: Vec<Violation>,
}

impl Fit {
    fn of(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Open,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Open => Self::Open,
        }
    }
}

impl<'a> Judge<'a> {
    fn fits(&mut self, schema: &'a Value, value: &Value) -> Fit {
        if self.budget == 0 || self.depth == DEEPEST {
            return Fit::Open;
        }
        self.budget -= 1;
        self.depth += 1;
        let fit = match schema {
            Value::Bool(true) => Fit::Yes,
            Value::Bool(false) => self.demand(Fit::No, || "nothing may be here".to_owned()),
            Value::Object(schema) if is_plain(schema) => self.own(schema, value),
            Value::Object(schema) if self.is_elsewhere(schema) => Fit::Open,
            Value::Object(schema) if self.refers_only(schema) => self.referenced(schema, value),
            Value::Object(schema) => self.own(schema, value).and(self.applied(schema, value)),
            _ => Fit::Open,
        };
        self.depth -= 1;
        fit
    }

    /// Keywords that are about the value itself.
    fn own(&mut self, schema: &'a Map<String, Value>, value: &Value) -> Fit {
        let general = self.general(schema, value);
        general.and(match value {
            Value::Object(object) => self.object(schema, object, value),
            Value::Array(items) => self.array(schema, items),
            Value::String(text) => self.string(schema, text),
            Value::Number(number) => {
                number::faults(schema, number).fold(Fit::Yes, |fit, (faulty, demand)| {
                    fit.and(
                        self.demand(faulty.map_or(Fit::Open, |faulty| Fit::of(!faulty)), || demand),
                    )
                })
            }
            _ => Fit::Yes,
        })
    }

    /// Names what was demanded, where it is not met.
    fn demand(&mut self, fit: Fit, what: impl FnOnce() -> String) -> Fit {
        if fit == Fit::No && self.silent == 0 && self.found.len() < MOST {
            self.found.push(Violation { path: self.path.clone(), demand: what() });
        }
        fit
    }

    /// The same without naming anything.
    fn silently(&mut self, schema: &'a Value, value: &Value) -> Fit {
        self.silent += 1;
        let fit = self.fits(schema, value);
        self.silent -= 1;
        fit
    }

    /// The same for what is within the value under this name.
    fn within(&mut self, name: &str, schema: &'a Value, value: &Value) -> Fit {
        let length = self.path.len();
        self.path.push('/');
        self.path += &name.replace('~', "~0").replace('/', "~1");
        let fit = self.fits(schema, value);
        self.path.truncate(length);
        fit
    }

    fn general(&mut self, schema: &'a Map<String, Value>, value: &Value) -> Fit {
        let types = schema.get("type").map_or(Fit::Yes, |types| match types {
            Value::String(name) => Fit::of(is_of_type(value, name)),
            Value::Array(names) => {
                Fit::of(names.iter().filter_map(Value::as_str).any(|name| is_of_type(value, name)))
            }
            _ => Fit::Open,
        });
        let types = self.demand(types, || format!("it has to be of type {}", schema["type"]));
        let constant =
            schema.get("const").map_or(Fit::Yes, |only| Fit::of(number::equal(only, value)));
        let constant = self.demand(constant, || "it has to be the one constant value".to_owned());
        let listed = schema.get("enum").and_then(Value::as_array).map_or(Fit::Yes, |all| {
            self.budget = self.budget.saturating_sub(all.len());
            Fit::of(all.iter().any(|one| number::equal(one, value)))
        });
        types
            .and(constant)
            .and(self.demand(listed, || "it has to be one of the values of `enum`".to_owned()))
    }

    /// Keywords that apply other schemas to the same value.
    fn applied(&mut self, schema: &'a Map<String, Value>, value: &Value) -> Fit {
        let mut fit = Fit::Yes;
        if UNJUDGED.iter().any(|keyword| schema.contains_key(*keyword)) {
            fit = Fit::Open;
        }
        if schema.contains_key("$ref") {
            fit = fit.and(self.referenced(schema, value));
        }
        for part in list(schema, "allOf") {
            fit = fit.and(self.fits(part, value));
        }
        for (keyword, most, demand) in [
            ("anyOf", usize::MAX, "it has to fit one of `anyOf`"),
            ("oneOf", 1, "it has to fit exactly one of `oneOf`"),
        ] {
            if schema.contains_key(keyword) {
                let some = self.some(list(schema, keyword), value, most);
                fit = fit.and(self.demand(some, || demand.to_owned()));
            }
        }
        if let Some(not) = schema.get("not") {
            let not = self.silently(not, value).not();
            fit = fit.and(self.demand(not, || "it has to differ from what `not` says".to_owned()));
        }
        fit.and(self.conditional(schema, value))
    }

    /// Whether at least one and at most `most` of the schemas fit.
    fn some(&mut self, schemas: &'a [Value], value: &Value, most: usize) -> Fit {
        let (mut fitting, mut open) = (0, 0);
        for schema in schemas {
            match self.silently(schema, value) {
                Fit::Yes => fitting += 1,
                Fit::Open => open += 1,
                Fit::No => {}
            }
        }
        match (fitting, open) {
            (0, 0) => Fit::No,
            (fitting, _) if fitting > most => Fit::No,
            (fitting, open) if fitting > 0 && (open == 0 || most > 1) => Fit::Yes,
            _ => Fit::Open,
        }
    }

    fn conditional(&mut self, schema: &'a Map<String, Value>, value: &Value) -> Fit {
        let Some(condition) = schema.get("if") else { return Fit::Yes };
        let branch = match self.silently(condition, value) {
            Fit::Yes => schema.get("then"),
            Fit::No => schema.get("else"),
            Fit::Open => return Fit::Open,
        };
        branch.map_or(Fit::Yes, |branch| self.fits(branch, value))
    }

    fn object(
        &mut self,
        schema: &'a Map<String, Value>,
        object: &Map<String, Value>,
        value: &Value,
    ) -> Fit {
        let mut fit = self.size(schema, object.len(), ["minProperties", "maxProperties"]);
        let missing = |name: &&Value| name.as_str().is_some_and(|name| !object.contains_key(name));
        for name in list(schema, "required").iter().filter(missing) {
            fit = self.demand(Fit::No, || format!("{name} is missing"));
        }
        let dependent = schema.get("dependentRequired").and_then(Value::as_object);
        for (_, names) in
            dependent.into_iter().flatten().filter(|(name, _)| object.contains_key(*name))
        {
            for name in names.as_array().into_iter().flatten().filter(missing) {
                fit = self.demand(Fit::No, || format!("{name} is missing"));
            }
        }
        let dependent = schema.get("dependentSchemas").and_then(Value::as_object);
        for (_, part) in
            dependent.into_iter().flatten().filter(|(name, _)| object.contains_key(*name))
        {
            fit = fit.and(self.fits(part, value));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, value) in object {
            fit = fit.and(match properties.and_then(|properties| properties.get(name)) {
                Some(property) => self.within(name, property, value),
                None => Fit::Yes,
            });
            if let Some(names) = schema.get("propertyNames") {
                let named = self.silently(names, &Value::String(name.clone()));
                fit = fit.and(self.demand(named, || format!("{name:?} is no name for a member")));
            }
        }
        fit.and(self.others(schema, object))
    }

    /// Members that `properties` does not name. Which of them `patternProperties` matches is open.
    fn others(&mut self, schema: &'a Map<String, Value>, object: &Map<String, Value>) -> Fit {
        let named =
            |name: &str| schema.get("properties").is_some_and(|named| named.get(name).is_some());
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let patterns = patterns.is_some_and(|patterns| !patterns.is_empty());
        let additional = schema.get("additionalProperties");
        let mut fit = Fit::Yes;
        for (name, value) in object.iter().filter(|(name, _)| !named(name)) {
            fit = fit.and(match additional {
                _ if patterns => Fit::Open,
                Some(Value::Bool(false)) => {
                    self.demand(Fit::No, || format!("a member {name:?} is not allowed"))
                }
                Some(additional) => self.within(name, additional, value),
                None => Fit::Yes,
            });
        }
        fit
    }

    fn array(&mut self, schema: &'a Map<String, Value>, items: &[Value]) -> Fit {
        let mut fit = self.size(schema, items.len(), ["minItems", "maxItems"]);
        // Up to 2019-09 the list was `items`, and what follows it `additionalItems`.
        let (first, rest) = match schema.get("items") {
            Some(Value::Array(first)) => (&first[..], schema.get("additionalItems")),
            rest => (list(schema, "prefixItems"), rest),
        };
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(index).or(rest) {
                fit = fit.and(self.within(&index.to_string(), schema, item));
            }
        }
        if let Some(contained) = schema.get("contains") {
            let fits: Vec<_> = items.iter().map(|item| self.silently(contained, item)).collect();
            let count = |wanted: &[Fit]| fits.iter().filter(|fit| wanted.contains(fit)).count();
            let (sure, possible) = (count(&[Fit::Yes]), count(&[Fit::Yes, Fit::Open]));
            let least = number::limit(schema, "minContains").unwrap_or(1);
            let most = number::limit(schema, "maxContains").unwrap_or(usize::MAX);
            let contains = match (possible < least || sure > most, sure == possible) {
                (true, _) => Fit::No,
                (false, true) => Fit::Yes,
                (false, false) => Fit::Open,
            };
            fit = fit
                .and(self.demand(contains, || "it has to contain what `contains` says".to_owned()));
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            fit = fit.and(self.unique(items));
        }
        fit
    }

    fn unique(&mut self, items: &[Value]) -> Fit {
        let pairs = items.len() * items.len() / 2;
        let Some(budget) = self.budget.checked_sub(pairs) else { return Fit::Open };
        self.budget = budget;
        let twice = |(index, item)| items[..index].iter().any(|other| number::equal(other, item));
        let unique = Fit::of(!items.iter().enumerate().any(twice));
        self.demand(unique, || "its items have to differ".to_owned())
    }

    fn string(&mut self, schema: &'a Map<String, Value>, text: &str) -> Fit {
        let length = self.size(schema, text.chars().count(), ["minLength", "maxLength"]);
        if schema.contains_key("pattern") { length.and(Fit::Open) } else { length }
    }

    fn size(&mut self, schema: &'a Map<String, Value>, size: usize, bounds: [&str; 2]) -> Fit {
        let [least, most] = bounds.map(|keyword| number::limit(schema, keyword));
        let small = Fit::of(least.is_none_or(|least| size >= least));
        let small =
            self.demand(small, || format!("`{}` is {}", bounds[0], least.unwrap_or_default()));
        let large = Fit::of(most.is_none_or(|most| size <= most));
        small.and(self.demand(large, || format!("`{}` is {}", bounds[1], most.unwrap_or_default())))
    }

    /// Whether references in it start from there and not from the root.
    fn is_elsewhere(&self, schema: &Map<String, Value>) -> bool {
        self.depth > 1 && schema.get("$id").is_some_and(Value::is_string)
    }

    /// Up to draft 7, what stands next to a reference does not count.
    fn refers_only(&self, schema: &Map<String, Value>) -> bool {
        let draft = self.root.get("$schema").and_then(Value::as_str);
        schema.contains_key("$ref") && draft.is_some_and(|draft| draft.contains("/draft-0"))
    }

    fn referenced(&mut self, schema: &'a Map<String, Value>, value: &Value) -> Fit {
        match schema["$ref"].as_str().and_then(|reference| self.resolve(reference)) {
            Some(target) => self.fits(target, value),
            None => Fit::Open,
        }
    }

    /// What a reference within the schema points to.
    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        let pointer = reference.strip_prefix('#')?;
        if pointer.contains('%') || !(pointer.is_empty() || pointer.starts_with('/')) {
            return None;
        }
        self.root.pointer(pointer)
    }
}

/// Whether it has but the most usual keywords, none of which applies another schema to the same value.
fn is_plain(schema: &Map<String, Value>) -> bool {
    schema.keys().all(|keyword| {
        matches!(
            keyword.as_str(),
            "type"
                | "description"
                | "title"
                | "default"
                | "enum"
                | "format"
                | "items"
                | "properties"
                | "required"
                | "additionalProperties"
                | "minimum"
                | "maximum"
        )
    })
}

fn list<'a>(schema: &'a Map<String, Value>, keyword: &str) -> &'a [Value] {
    schema.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "integer" => value.as_number().is_some_and(number::is_whole),
        _ => true,
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the whole" } else { &self.path };
        write!(f, "{path}: {}", self.demand)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(schema: &Value, value: &Value) -> String {
        let found = violations(schema, value);
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn violations_name_place_and_demand_and_no_value() {
        // SCHEMA-01: no dialect is named
        let schema = json!({
            "type": "object",
            "required": ["city", "days"],
            "properties": {
                "city": { "type": "string", "minLength": 2 },
                "days": { "type": "integer", "minimum": 1, "maximum": 10 },
                "unit": { "enum": ["C", "F"] },
                "a/b": { "type": "array", "items": { "type": "number" } },
            },
            "additionalProperties": false,
        });
        let value = json!({ "city": "s", "unit": "s3cret", "a/b": [1, "s3cret"], "x": 1 });
        let shown = shown(&schema, &value);
        assert!(!shown.contains("s3cret"));
        assert_eq!(
            shown,
            "the whole: \"days\" is missing; /a~1b/1: it has to be of type \"number\"; \
             /city: `minLength` is 2; /unit: it has to be one of the values of `enum`; \
             the whole: a member \"x\" is not allowed",
        );
    }

    #[test]
    fn what_cannot_be_judged_is_no_violation() {
        for schema in [
            json!({ "pattern": "^a" }),
            json!({ "$ref": "https://a.example/schema" }),
            json!({ "$ref": "#/nowhere" }),
            json!({ "not": { "pattern": "b" } }),
            json!({ "oneOf": [{ "pattern": "a" }, { "pattern": "b" }] }),
            json!({ "if": { "pattern": "a" }, "then": false }),
            json!({ "type": "string", "unevaluatedProperties": false }),
            json!({ "type": 5, "enum": 6, "required": 7, "allOf": 8, "minLength": "9" }),
            json!([]),
        ] {
            assert_eq!(shown(&schema, &json!("text")), "", "{schema}");
        }
        let open = json!({ "patternProperties": { "^x-": {} }, "additionalProperties": false });
        assert_eq!(shown(&open, &json!({ "x-a": 1 })), "");
        // Beside what cannot be judged, the rest still counts.
        assert_ne!(shown(&json!({ "pattern": "^a", "maxLength": 2 }), &json!("text")), "");
    }

    #[test]
    fn hostile_schemas_take_bounded_work() {
        let own = json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] });
        assert_eq!(shown(&own, &json!({})), "");
        let mut defs = Map::new();
        for level in 0..60 {
            let next = json!({ "$ref": format!("#/$defs/{}", level + 1) });
            defs.insert(level.to_string(), json!({ "anyOf": [next, next] }));
        }
        defs.insert("60".to_owned(), json!({ "type": "string" }));
        assert_eq!(shown(&json!({ "$defs": defs, "$ref": "#/$defs/0" }), &json!({})), "");
        let many: Vec<_> = (0..5_000).map(|n| json!({ "n": n })).collect();
        assert_eq!(shown(&json!({ "uniqueItems": true }), &json!(many)), "");
        let wide = json!({ "items": { "type": "string" } });
        assert_eq!(violations(&wide, &json!(vec![1; 1_000])).len(), MOST);
    }
}
