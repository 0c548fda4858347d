//! Generates values of a schema. A list of choices selects them.

use serde_json::{Map, Value, json};

/// Generates values of the definitions of a schema.
pub(crate) struct Generator<'a> {
    definitions: &'a Value,
    choices: std::slice::Iter<'a, u8>,
    depth: usize,
    /// `true` if the value has a part that no revision defines.
    unknown: bool,
}

/// Members of results that the schema requires, but the specification does not.
const LENIENT: [&str; 3] = ["resultType", "ttlMs", "cacheScope"];

impl<'a> Generator<'a> {
    /// Creates a generator. When the choices are used up, it generates the smallest value.
    pub(crate) fn new(definitions: &'a Value, choices: &'a [u8]) -> Self {
        Self { definitions, choices: choices.iter(), depth: 0, unknown: false }
    }

    /// Generates a value of the definition `name`. Returns `true` if it has a part that no revision
    /// defines.
    pub(crate) fn make(mut self, name: &str) -> (Value, bool) {
        let value = self.definition(name);
        (value, self.unknown)
    }

    fn definition(&mut self, name: &str) -> Value {
        let mut value = self.value(&self.definitions[name]);
        match name {
            "InputRequiredResult" => value["resultType"] = "input_required".into(),
            _ if value.get("resultType").is_some() => value["resultType"] = "complete".into(),
            _ => {}
        }
        value
    }

    /// Returns a number below `n`, or 0 if the value is too deep or no choices are left.
    fn choose(&mut self, n: usize) -> usize {
        /// Below this depth, values are as small as possible.
        const DEEPEST: usize = 12;
        let choice = self.choices.next().filter(|_| self.depth < DEEPEST);
        choice.map_or(0, |choice| usize::from(*choice) % n)
    }

    fn one_of<'b, T>(&mut self, items: &'b [T]) -> &'b T {
        &items[self.choose(items.len())]
    }

    fn value(&mut self, schema: &Value) -> Value {
        self.depth += 1;
        let value = self.value_of(schema);
        self.depth -= 1;
        value
    }

    fn value_of(&mut self, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.definition(reference.rsplit('/').next().unwrap());
        }
        if let Some(variants) = schema["anyOf"].as_array() {
            return self.variant(variants);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let parts: Vec<_> = parts.iter().map(|part| self.value(part)).collect();
            let members = parts.into_iter().filter_map(|part| part.as_object().cloned()).flatten();
            return Value::Object(members.collect());
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(values) = schema["enum"].as_array() {
            if self.choose(8) == 7 {
                self.unknown = true;
                return json!("later");
            }
            return self.one_of(values).clone();
        }
        match &schema["type"] {
            Value::Array(types) => {
                let of = self.one_of(types).clone();
                self.value(&json!({ "type": of }))
            }
            Value::String(of) => self.of_type(of, schema),
            _ => self.any(),
        }
    }

    /// Generates one of the variants, or an unknown variant if the variants have tags.
    fn variant(&mut self, variants: &[Value]) -> Value {
        let tagged = variants.iter().all(|variant| {
            let name = variant["$ref"].as_str().and_then(|variant| variant.rsplit('/').next());
            let variant = name.map(|name| &self.definitions[name]);
            variant.is_some_and(|variant| variant["properties"]["type"]["const"].is_string())
        });
        if tagged && self.choose(8) == 7 {
            self.unknown = true;
            return json!({ "type": "later", "x": self.any() });
        }
        let variant = self.one_of(variants);
        self.value(variant)
    }

    fn of_type(&mut self, of: &str, schema: &Value) -> Value {
        match of {
            "string" => self.string().into(),
            "integer" => self.integer(),
            "number" => self.number(),
            "boolean" => (self.choose(2) == 1).into(),
            "null" => Value::Null,
            "array" => {
                let count = self.choose(3);
                (0..count).map(|_| self.value(&schema["items"])).collect()
            }
            _ => self.object(schema),
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let mut members = Map::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if self.requires(schema, name) || self.choose(2) == 1 {
                members.insert(name.clone(), self.value(member));
            }
        }
        // The JSON-RPC envelope and its error have no unknown members.
        let open = ["jsonrpc", "code"].iter().all(|name| schema["properties"].get(name).is_none());
        let count = if open { self.choose(3) } else { 0 };
        for _ in 0..count {
            // No schema has a member of this name.
            let name = format!("x {}", self.string());
            let value = match schema.get("additionalProperties") {
                Some(more) if more.is_object() => self.value(more),
                _ => self.any(),
            };
            members.insert(name, value);
        }
        Value::Object(members)
    }

    fn requires(&self, schema: &Value, name: &str) -> bool {
        let required = schema["required"].as_array();
        required.is_some_and(|required| required.iter().any(|each| each == name))
            && !LENIENT.contains(&name)
    }

    fn string(&mut self) -> String {
        let texts = ["", "a", "\"\\/\u{8}\n", "\u{0}\u{7f}", "é ü 漢字 🦀", "2026-07-28", "[]"];
        (*self.one_of(&texts)).to_owned()
    }

    /// Generates an integer, which may have a fraction of zero.
    fn integer(&mut self) -> Value {
        let integers = [0, 1, -1, 42, 65_536, -(1 << 53), 1 << 53, i64::MAX, i64::MIN];
        let integer = *self.one_of(&integers);
        match self.choose(4) == 3 && integer.unsigned_abs() <= 1 << 53 {
            true => (integer as f64).into(),
            false => integer.into(),
        }
    }

    /// Generates a number, which may have no fraction.
    fn number(&mut self) -> Value {
        self.one_of(&[json!(0), json!(0.5), json!(50.0), json!(-3), json!(1e300)]).clone()
    }

    /// Generates any JSON.
    fn any(&mut self) -> Value {
        self.depth += 1;
        let value = match self.choose(7) {
            0 => Value::Null,
            1 => (self.choose(2) == 1).into(),
            2 => self.string().into(),
            3 => self.integer(),
            4 => self.number(),
            5 => self.of_type("array", &json!({ "items": {} })),
            _ => self.object(&json!({})),
        };
        self.depth -= 1;
        value
    }
}
