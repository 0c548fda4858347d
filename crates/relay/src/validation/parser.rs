//! Parsing of a schema into rules. Each subschema is parsed once.

use std::{cmp::Ordering, collections::HashMap, ptr};

use serde_json::{Map, Value};

use super::{
    dialect::Dialect,
    keyword_value::{allowed_values, contradicts, count, decimal, names, types},
    rule::{
        Accepts, Applicator, Array, CountRange, Dependency, NumberBound, Object, Property, Rule,
        Subschema, Validator,
    },
    violation::UnknownDialect,
};

/// The maximum number of rules of a schema. Further subschemas are not evaluated.
const MAX_RULES: usize = 10_000;

/// Parses a schema.
pub(super) fn parse(schema: &Value) -> Result<Validator, UnknownDialect> {
    let dialect = Dialect::of(schema)?;
    let mut parser = Parser {
        root: schema,
        dialect,
        indexes: HashMap::new(),
        objects: Vec::new(),
        has_unknown: false,
    };
    let root = parser.subschema(schema);
    let mut rules = Vec::new();
    // References may be circular, so rules are parsed from a queue and not recursively.
    while let Some(part) = parser.objects.get(rules.len()) {
        rules.push(parser.rule(part));
    }
    Ok(Validator { rules, root })
}

/// Parses the subschemas of a schema.
struct Parser<'a> {
    root: &'a Value,
    dialect: Dialect,
    /// The index of the rule of each schema object, by its address.
    indexes: HashMap<*const Map<String, Value>, usize>,
    /// The schema objects in the order of their rules.
    objects: Vec<&'a Map<String, Value>>,
    /// Set if the current schema object has a keyword that cannot be evaluated.
    has_unknown: bool,
}

impl<'a> Parser<'a> {
    /// Returns a subschema. Its rule is parsed later.
    fn subschema(&mut self, schema: &'a Value) -> Subschema {
        match schema {
            Value::Bool(true) => Subschema::Any,
            Value::Bool(false) => Subschema::Never,
            Value::Object(part) if !self.has_own_base(schema) => self.rule_of(part),
            _ => Subschema::Unknown,
        }
    }

    fn rule_of(&mut self, part: &'a Map<String, Value>) -> Subschema {
        let next = self.objects.len();
        if let Some(index) = self.indexes.get(&ptr::from_ref(part)) {
            return Subschema::Rule(*index);
        }
        if next == MAX_RULES {
            return Subschema::Unknown;
        }
        self.indexes.insert(part, next);
        self.objects.push(part);
        Subschema::Rule(next)
    }

    /// Returns whether a subschema has its own base URI. References in it are not relative to the
    /// root.
    fn has_own_base(&self, schema: &Value) -> bool {
        !ptr::eq(schema, self.root) && schema.get(self.dialect.id()).is_some_and(Value::is_string)
    }

    fn rule(&mut self, schema: &'a Map<String, Value>) -> Rule {
        let mut rule = Rule::default();
        if let Some(reference) = schema.get("$ref") {
            let target = reference.as_str().and_then(|reference| self.resolve(reference));
            rule.applicators.push(Applicator::All(vec![
                target.map_or(Subschema::Unknown, |part| self.subschema(part)),
            ]));
            // Up to draft 7, keywords next to a reference are ignored.
            if self.dialect <= Dialect::Draft7 {
                return rule;
            }
        }
        rule.types = self.get(schema, "type", types);
        rule.constant =
            self.get(schema, "const", |constant| allowed_values(std::slice::from_ref(constant)));
        rule.enum_values = self.get(schema, "enum", |all| allowed_values(all.as_array()?));
        rule.nullable = schema.get("nullable").is_some_and(|nullable| *nullable == true);
        // If the type contradicts all listed values, the list shows what the server means.
        if let Some(kind) = schema.get("type")
            && contradicts(kind, schema)
        {
            rule.types = None;
            self.has_unknown = true;
        }
        rule.bounds = self.bounds(schema);
        rule.length = self.size(schema, "minLength", "maxLength");
        rule.array = self.array(schema);
        rule.object = self.object(schema);
        self.applicators(schema, &mut rule.applicators);
        rule.has_pattern = schema.contains_key("pattern");
        let unsupported =
            ["$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties"];
        self.has_unknown |= unsupported.iter().any(|keyword| self.find(schema, keyword).is_some());
        rule.has_unknown = std::mem::take(&mut self.has_unknown);
        rule
    }

    fn find(&self, schema: &'a Map<String, Value>, keyword: &str) -> Option<&'a Value> {
        schema.get(keyword).filter(|_| self.dialect.has(keyword))
    }

    /// Returns the value of a keyword. A keyword with an invalid value cannot be evaluated.
    fn get<T>(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let read = read(self.find(schema, keyword)?);
        self.has_unknown |= read.is_none();
        read
    }

    fn bounds(&mut self, schema: &'a Map<String, Value>) -> Vec<NumberBound> {
        let keywords: [(_, Option<Accepts>); 5] = [
            ("minimum", Some(Ordering::is_ge)),
            ("exclusiveMinimum", Some(Ordering::is_gt)),
            ("maximum", Some(Ordering::is_le)),
            ("exclusiveMaximum", Some(Ordering::is_lt)),
            ("multipleOf", None),
        ];
        let bound = |(keyword, order)| {
            let bound = self.get(schema, keyword, decimal)?;
            Some(NumberBound { keyword, bound, order })
        };
        keywords.into_iter().filter_map(bound).collect()
    }

    fn size(&mut self, schema: &'a Map<String, Value>, min: &str, max: &str) -> Option<CountRange> {
        let min = self.get(schema, min, count);
        let max = self.get(schema, max, count);
        (min.is_some() || max.is_some())
            .then(|| CountRange { min: min.unwrap_or(0), max: max.unwrap_or(usize::MAX) })
    }

    fn part(&mut self, schema: &'a Map<String, Value>, keyword: &str) -> Option<Subschema> {
        self.find(schema, keyword).map(|part| self.subschema(part))
    }

    fn parts(&mut self, schema: &'a Map<String, Value>, keyword: &str) -> Option<Vec<Subschema>> {
        let parts = self.get(schema, keyword, |parts| parts.as_array().filter(|it| !it.is_empty()));
        parts.map(|parts| parts.iter().map(|part| self.subschema(part)).collect())
    }

    fn array(&mut self, schema: &'a Map<String, Value>) -> Option<Box<Array>> {
        let size = self.size(schema, "minItems", "maxItems");
        // Up to 2019-09, `items` was the array of the first items, and `additionalItems` the rest.
        let is_tuple = schema.get("items").is_some_and(Value::is_array);
        let (prefix_items, items) = match is_tuple && self.dialect <= Dialect::Draft2019 {
            true => (self.parts(schema, "items"), self.part(schema, "additionalItems")),
            false => (self.parts(schema, "prefixItems"), self.part(schema, "items")),
        };
        let contains = self.part(schema, "contains");
        let contains = contains.map(|part| {
            let min = self.get(schema, "minContains", count).unwrap_or(1);
            let max = self.get(schema, "maxContains", count).unwrap_or(usize::MAX);
            (part, CountRange { min, max })
        });
        let unique = self.get(schema, "uniqueItems", Value::as_bool).unwrap_or(false);
        let any = size.is_some() || prefix_items.is_some() || items.is_some() || contains.is_some();
        (any || unique).then(|| {
            Box::new(Array {
                size: size.unwrap_or(CountRange::ANY),
                prefix_items: prefix_items.unwrap_or_default(),
                items: items.unwrap_or(Subschema::Any),
                contains,
                unique,
            })
        })
    }

    fn object(&mut self, schema: &'a Map<String, Value>) -> Option<Box<Object>> {
        let keywords = [
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
            "dependencies",
        ];
        keywords.iter().any(|keyword| schema.contains_key(*keyword)).then(|| {
            let required = self.get(schema, "required", names).unwrap_or_default();
            let properties = self.get(schema, "properties", Value::as_object);
            let patterns = self.get(schema, "patternProperties", Value::as_object);
            let mut object = Object {
                size: self
                    .size(schema, "minProperties", "maxProperties")
                    .unwrap_or(CountRange::ANY),
                properties: Vec::new(),
                required: 0,
                has_patterns: patterns.is_some_and(|patterns| !patterns.is_empty()),
                additional: self.part(schema, "additionalProperties").unwrap_or(Subschema::Any),
                property_names: self.part(schema, "propertyNames").unwrap_or(Subschema::Any),
                dependencies: self.dependencies(schema),
            };
            for (name, part) in properties.into_iter().flatten() {
                let (name, rule) = (name.as_str().into(), Some(self.subschema(part)));
                object.properties.push(Property { name, rule, required: false });
            }
            let required_property = |name| Property { name, rule: None, required: true };
            object.properties.extend(required.into_iter().map(required_property));
            object.sort_and_merge();
            Box::new(object)
        })
    }

    fn dependencies(&mut self, schema: &'a Map<String, Value>) -> Vec<(Box<str>, Dependency)> {
        let mut dependencies = Vec::new();
        let keywords = ["dependentRequired", "dependentSchemas", "dependencies"];
        for keyword in keywords {
            let members = self.get(schema, keyword, Value::as_object);
            for (name, value) in members.into_iter().flatten() {
                let dependency = match (keyword, value) {
                    // Newer dialects do not have this keyword, but many validators support it.
                    ("dependencies", _) if self.dialect > Dialect::Draft7 => None,
                    ("dependentSchemas", _) | (_, Value::Bool(_) | Value::Object(_))
                        if keyword != "dependentRequired" =>
                    {
                        Some(Dependency::Rule(self.subschema(value)))
                    }
                    _ => names(value).map(Dependency::Names),
                };
                self.has_unknown |= dependency.is_none();
                dependencies
                    .extend(dependency.map(|dependency| (name.as_str().into(), dependency)));
            }
        }
        dependencies
    }

    fn applicators(&mut self, schema: &'a Map<String, Value>, applicators: &mut Vec<Applicator>) {
        applicators.extend(self.parts(schema, "allOf").map(Applicator::All));
        applicators.extend(self.parts(schema, "anyOf").map(Applicator::Any));
        applicators.extend(self.parts(schema, "oneOf").map(Applicator::One));
        applicators.extend(self.part(schema, "not").map(Applicator::Not));
        if let Some(condition) = self.part(schema, "if") {
            let then = self.part(schema, "then").unwrap_or(Subschema::Any);
            let otherwise = self.part(schema, "else").unwrap_or(Subschema::Any);
            applicators.push(Applicator::If { condition, then, otherwise });
        }
    }

    /// Returns the target of a reference. `None` if there is none, or if the path to it passes
    /// through a subschema with its own base URI.
    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        let pointer = reference.strip_prefix('#').filter(|pointer| !pointer.contains('%'))?;
        let mut part = self.root;
        if pointer.is_empty() {
            return Some(part);
        }
        for name in pointer.strip_prefix('/')?.split('/') {
            if self.has_own_base(part) {
                return None;
            }
            let name = name.replace("~1", "/").replace("~0", "~");
            part = match part {
                Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                part => part.get(&name)?,
            };
        }
        Some(part)
    }
}
