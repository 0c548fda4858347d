//! The entry points of validation.

use mcp_client::Redactor;
use serde_json::Value;

use super::{
    evaluator::Evaluator,
    json_text::JsonText,
    parser,
    rule::Validator,
    validity::Validity,
    violation::{UnknownDialect, Violation},
};

impl Validator {
    /// Parses a schema of JSON Schema 2020-12, 2019-09, or draft 4 to 7. The default is 2020-12.
    ///
    /// # Errors
    /// Returns [`UnknownDialect`] if `$schema` names another dialect.
    pub(crate) fn read(schema: &Value) -> Result<Self, UnknownDialect> {
        parser::parse(schema)
    }

    /// Returns the violations of arguments, given as JSON text. There are none if validity is unknown.
    /// Secrets of `redactor` are redacted in them.
    pub(crate) fn violations_of_arguments(
        &self,
        json: &str,
        redactor: impl FnOnce() -> Redactor,
    ) -> Vec<Violation> {
        self.violations(json, "argument", redactor)
    }

    /// Returns the violations of a result, given as JSON text. There are none if validity is unknown.
    /// Secrets of `redactor` are redacted in them.
    pub(crate) fn violations_of_result(
        &self,
        json: &str,
        redactor: impl FnOnce() -> Redactor,
    ) -> Vec<Violation> {
        self.violations(json, "property", redactor)
    }

    fn violations(
        &self,
        json: &str,
        root_noun: &'static str,
        redactor: impl FnOnce() -> Redactor,
    ) -> Vec<Violation> {
        if Evaluator::silent(self).evaluate(JsonText::of_valid(json)) != Validity::Invalid {
            return Vec::new();
        }
        // This removes duplicate members. The last one counts, as in most parsers.
        let Ok(value) = serde_json::from_str::<Value>(json) else { return Vec::new() };
        let redactor = redactor();
        let mut evaluator = Evaluator::collecting(self, root_noun, &redactor);
        evaluator.evaluate(JsonText::of_valid(&value.to_string()));
        evaluator.into_violations()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::super::evaluator::MAX_VIOLATIONS;
    use super::*;

    fn validator(schema: &Value) -> Validator {
        Validator::read(schema).unwrap()
    }

    fn shown(schema: &Value, value: &Value) -> String {
        let found =
            validator(schema).violations_of_arguments(&value.to_string(), Redactor::default);
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn violations_show_the_path_and_the_requirement_but_no_value() {
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
            "\"/city\": expected at least 2 characters; \
             \"/unit\": expected one of the values of \"enum\"; \
             \"/a~1b/1\": expected a number, got a string; \
             unknown argument \"x\"; missing required argument \"days\"",
        );
    }

    #[test]
    fn violations_show_no_secret() {
        const SECRET: &str = "s3cret/~+key";
        let schema = json!({
            "properties": { SECRET: { "properties": { "a": { "type": "number" } } } },
            "required": [format!("x{SECRET}")],
            "additionalProperties": false,
        });
        let long = format!("{}{SECRET}", "b".repeat(190));
        let value = json!({ SECRET: { "a": "x" }, SECRET.to_uppercase(): 1, &*long: 1 });
        let redactor = || Redactor::new([SECRET]);
        let found = validator(&schema).violations_of_result(&value.to_string(), redactor);
        let shown = found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert_eq!(
            shown,
            format!(
                "\"/****/a\": expected a number, got a string; unknown property \"S3CRET/~+KEY\"; \
                 unknown property \"{}…; missing required property \"x****\"",
                "b".repeat(182)
            )
        );
    }

    #[test]
    fn messages_state_what_is_expected() {
        for (schema, value, expected) in [
            (json!({ "type": "integer" }), json!(1.5), "expected an integer, got a number"),
            (
                json!({ "type": ["null", "integer", "array"] }),
                json!("x"),
                "expected an integer, null or an array, got a string",
            ),
            (json!({ "minimum": 1 }), json!(0), "expected at least 1"),
            (json!({ "exclusiveMaximum": 2.5 }), json!(3), "expected less than 2.5"),
            (json!({ "multipleOf": 2 }), json!(3), "expected a multiple of 2"),
            (json!({ "minItems": 1 }), json!([]), "expected at least 1 item"),
            (json!({ "uniqueItems": true }), json!([1, 1]), "expected unique items"),
            (
                json!({ "contains": { "type": "null" } }),
                json!([1]),
                "expected an item that matches \"contains\"",
            ),
            (json!({ "const": 1 }), json!(2), "expected the value of \"const\""),
            (
                json!({ "properties": { "a": { "required": ["b"] } } }),
                json!({ "a": {} }),
                "\"/a\": missing required property \"b\"",
            ),
            (
                json!({ "propertyNames": { "maxLength": 1 } }),
                json!({ "ab": 1 }),
                "invalid argument name \"ab\"",
            ),
        ] {
            assert_eq!(shown(&schema, &value), expected, "{schema}");
        }
    }

    #[test]
    fn keywords_that_cannot_be_evaluated_are_no_violation() {
        for schema in [
            json!({ "pattern": "^a" }),
            json!({ "$ref": "https://a.example/schema" }),
            json!({ "$ref": "#/nowhere" }),
            json!({ "$ref": "#anchor", "$defs": { "a": { "$anchor": "anchor" } } }),
            json!({ "$dynamicRef": "#a" }),
            json!({ "not": { "pattern": "b" } }),
            json!({ "oneOf": [{ "pattern": "a" }, { "pattern": "b" }] }),
            json!({ "if": { "pattern": "a" }, "then": false }),
            json!({ "type": "string", "unevaluatedProperties": false }),
            json!({ "type": 5, "enum": 6, "required": 7, "allOf": 8, "minLength": "9" }),
            json!({ "type": ["text"] }),
            json!({ "not": { "type": "text" } }),
            json!({ "format": "email" }),
            json!([]),
        ] {
            assert_eq!(shown(&schema, &json!("text")), "", "{schema}");
        }
        let open = json!({ "patternProperties": { "^x-": {} }, "additionalProperties": false });
        assert_eq!(shown(&open, &json!({ "x-a": 1 })), "");
        // Other keywords of the same schema are still evaluated.
        assert_ne!(shown(&json!({ "pattern": "^a", "maxLength": 2 }), &json!("text")), "");
    }

    #[test]
    fn subschemas_with_their_own_id_are_not_evaluated() {
        // References in them are relative to them, and other references cannot pass through them.
        let own = json!({ "$id": "https://a.example/own", "$defs": { "b": { "type": "string" } } });
        let part = json!({ "$id": "x", "$ref": "#/$defs/b" });
        for (a, reference) in [(part, "#/$defs/a"), (own, "#/$defs/a/$defs/b")] {
            let defs = json!({ "a": a, "b": { "type": "string" } });
            let schema = json!({ "$defs": defs, "properties": { "p": { "$ref": reference } } });
            assert_eq!(shown(&schema, &json!({ "p": 1 })), "", "{schema}");
        }
        let root = json!({ "$id": "https://a.example/root", "$defs": { "b": { "type": "string" } },
            "properties": { "p": { "$ref": "#/$defs/b" } } });
        assert_ne!(shown(&root, &json!({ "p": 1 })), "");
    }

    #[test]
    fn each_dialect_has_its_own_keywords() {
        // SCHEMA-03, N-BASE-10
        let items = json!({ "items": [{ "type": "string" }], "additionalItems": false });
        let beside = json!({ "$ref": "#/definitions/a", "type": "string",
            "definitions": { "a": { "type": ["string", "number"] } } });
        let dependent = json!({ "dependentRequired": { "a": ["b"] } });
        let constant = json!({ "const": 1 });
        for (dialect, expected) in [
            ("https://json-schema.org/draft/2020-12/schema", [false, true, true, true]),
            ("http://json-schema.org/draft/2019-09/schema#", [true, true, true, true]),
            ("http://json-schema.org/draft-07/schema#", [true, false, false, true]),
            ("http://json-schema.org/draft-06/schema#", [true, false, false, true]),
            ("http://json-schema.org/draft-04/schema#", [true, false, false, false]),
        ] {
            let cases = [
                (&items, json!(["a", 1])),
                (&beside, json!(1)),
                (&dependent, json!({ "a": 1 })),
                (&constant, json!(2)),
            ];
            let results = cases.map(|(schema, value)| {
                let mut schema = schema.clone();
                schema["$schema"] = dialect.into();
                !shown(&schema, &value).is_empty()
            });
            assert_eq!(results, expected, "{dialect}");
        }
        for unknown in [json!("https://a.example/dialect"), json!("draft-03"), json!(7)] {
            let schema = json!({ "$schema": unknown });
            assert_eq!(Validator::read(&schema).unwrap_err(), UnknownDialect(unknown.to_string()));
        }
    }

    #[test]
    fn the_last_of_duplicate_members_counts() {
        let validator = validator(&json!({ "additionalProperties": { "type": "integer" } }));
        let violations = |json| validator.violations_of_arguments(json, Redactor::default);
        assert!(violations(r#"{"a":"x","a":1}"#).is_empty());
        assert!(!violations(r#"{"a":1,"a":"x"}"#).is_empty());
    }

    #[test]
    fn hostile_schemas_take_bounded_steps() {
        // N-BASE-12
        let own = json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] });
        let mut defs = Map::new();
        for level in 0..60 {
            let next = json!({ "$ref": format!("#/$defs/{}", level + 1) });
            defs.insert(level.to_string(), json!({ "anyOf": [next, next] }));
        }
        defs.insert("60".to_owned(), json!({ "type": "string" }));
        let nest = json!({ "$defs": defs, "$ref": "#/$defs/0" });
        let chain =
            (1..5_000).map(|n| (n.to_string(), json!({ "$ref": format!("#/$defs/{}", n + 1) })));
        let chain = json!({ "$defs": chain.collect::<Map<_, _>>(), "$ref": "#/$defs/1" });
        let names: Vec<_> = (0..5_000).map(|n| n.to_string()).collect();
        let members: Map<_, _> = names.iter().map(|name| (name.clone(), json!(0))).collect();
        let any =
            json!({ "anyOf": names.iter().map(|n| json!({ "const": n })).collect::<Vec<_>>() });
        for (schema, value, expected) in [
            (own, json!({}), Validity::Unknown),
            (nest, json!({}), Validity::Unknown),
            (chain, json!({}), Validity::Unknown),
            (json!({ "uniqueItems": true }), json!(names), Validity::Valid),
            (
                json!({ "uniqueItems": true }),
                json!(vec!["x".repeat(5_000); 2_000]),
                Validity::Unknown,
            ),
            (json!({ "items": { "enum": names } }), json!(names), Validity::Valid),
            (json!({ "items": any }), json!(names), Validity::Unknown),
            (json!({ "required": names }), json!(members), Validity::Valid),
            (json!({ "dependentRequired": { "0": names } }), json!(members), Validity::Unknown),
        ] {
            // Each step is a bounded piece of work.
            let (validator, text) = (validator(&schema), value.to_string());
            let validity = Evaluator::silent(&validator).evaluate(JsonText::of_valid(&text));
            assert_eq!(validity, expected, "{:.80}", schema.to_string());
        }
        let wide = json!({ "items": { "type": "string" } });
        assert_eq!(
            validator(&wide)
                .violations_of_arguments(&json!(vec![1; 1_000]).to_string(), Redactor::default)
                .len(),
            MAX_VIOLATIONS
        );
        // The text is nested more deeply than any parser accepts.
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        let around = validator(&json!({ "items": { "$ref": "#" }, "uniqueItems": true }));
        assert!(around.violations_of_arguments(&deep, Redactor::default).is_empty());
    }
}
