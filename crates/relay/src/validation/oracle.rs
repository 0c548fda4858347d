//! Tests that compare this evaluator with the `jsonschema` crate. Both must agree, except for
//! results that are unknown.

use std::cell::Cell;

use mcp_client::Redactor;
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::{select, subsequence},
    test_runner::TestRunner,
};
use serde_json::{Map, Value, json};

use super::{evaluator::Evaluator, json_text::JsonText, rule::Validator, validity::Validity};

const CASES: u32 = 1_500;
const VALUES: usize = 6;

/// Generates any JSON value. Values are small, so that two of them are equal now and then.
pub(super) fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..4_i64).prop_map(Value::from),
        (-4..8_i32).prop_map(|halves| json!(f64::from(halves) / 2.0)),
        select(vec!["", "a", "ab", "abc", "\u{e9}", "\\\"\n", "d/~"]).prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 12, 4, |value| {
        let name = select(vec!["a", "b", "c", "d/~", "\""]).prop_map(str::to_owned);
        prop_oneof![
            vec(value.clone(), 0..4).prop_map(Value::from),
            btree_map(name, value, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// A generator of schemas of one dialect. A reference for the same value only leads to a later
/// definition, so no reference is circular.
#[derive(Clone, Copy)]
struct Schemas {
    draft7: bool,
}

type Keyword = (&'static str, Value);

impl Schemas {
    fn defs(self) -> &'static str {
        if self.draft7 { "definitions" } else { "$defs" }
    }

    fn root(self) -> impl Strategy<Value = Value> {
        let defs = (self.schema(2, 1), self.schema(2, 2), self.schema(1, 3));
        (self.keywords(3, 0), defs).prop_map(move |(mut root, (one, two, three))| {
            root.insert(self.defs().to_owned(), json!({ "1": one, "2": two, "3": three }));
            if self.draft7 {
                root.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
            }
            Value::Object(root)
        })
    }

    /// Generates a schema that may refer to the definitions after number `after`.
    fn schema(self, depth: u32, after: usize) -> BoxedStrategy<Value> {
        prop_oneof![
            1 => any::<bool>().prop_map(Value::from),
            8 => self.keywords(depth, after).prop_map(Value::Object),
        ]
        .boxed()
    }

    /// Generates a schema for a part of a value. It may refer to any definition and to the root.
    fn inner(self, depth: u32) -> BoxedStrategy<Value> {
        let around = json!({ "$ref": "#" });
        prop_oneof![6 => self.schema(depth, 0), 1 => Just(around)].boxed()
    }

    fn keywords(self, depth: u32, after: usize) -> BoxedStrategy<Map<String, Value>> {
        let mut groups = vec![general(), numbers(), sizes(), self.objects()];
        if after < 3 {
            let defs = self.defs();
            let reference = move |def| ("$ref", format!("#/{defs}/{def}").into());
            groups.push((after + 1..4).prop_map(reference).boxed());
        }
        if depth > 0 {
            groups.extend([self.within(depth - 1), self.combined(depth - 1, after)]);
            groups.push(self.within(depth - 1));
        }
        let keyword = proptest::strategy::Union::new(groups);
        let named = |(name, value): Keyword| (name.to_owned(), value);
        vec(keyword, 1..5)
            .prop_map(move |all| all.into_iter().map(named).collect::<Map<_, _>>())
            .boxed()
    }

    fn objects(self) -> BoxedStrategy<Keyword> {
        let names = || subsequence(vec!["a", "b", "c"], 0..3).prop_map(Value::from);
        let dependent = if self.draft7 { "dependencies" } else { "dependentRequired" };
        prop_oneof![
            names().prop_map(|names| ("required", names)),
            names().prop_map(move |names| (dependent, json!({ "b": names }))),
        ]
        .boxed()
    }

    /// Generates keywords for parts of a value.
    fn within(self, depth: u32) -> BoxedStrategy<Keyword> {
        let inner = move || self.inner(depth);
        let name = select(vec!["a", "b", "d/~"]).prop_map(str::to_owned);
        let list = if self.draft7 { "items" } else { "prefixItems" };
        let rest = if self.draft7 { "additionalItems" } else { "items" };
        prop_oneof![
            4 => btree_map(name, inner(), 1..3).prop_map(|all| ("properties", json!(all))),
            2 => inner().prop_map(|inner| ("additionalProperties", inner)),
            2 => inner().prop_map(|inner| ("items", inner)),
            1 => vec(inner(), 1..3).prop_map(move |all| (list, json!(all))),
            1 => inner().prop_map(move |inner| (rest, inner)),
            1 => inner().prop_map(|inner| ("contains", inner)),
            1 => inner().prop_map(|inner| ("propertyNames", inner)),
            1 => inner().prop_map(|inner| ("patternProperties", json!({ "^a": inner }))),
        ]
        .boxed()
    }

    /// Generates keywords that apply other schemas to the same value.
    fn combined(self, depth: u32, after: usize) -> BoxedStrategy<Keyword> {
        let same = move || self.schema(depth, after);
        let dependent = if self.draft7 { "dependencies" } else { "dependentSchemas" };
        prop_oneof![
            vec(same(), 1..3).prop_map(|all| ("allOf", json!(all))),
            vec(same(), 1..4).prop_map(|all| ("anyOf", json!(all))),
            vec(same(), 1..4).prop_map(|all| ("oneOf", json!(all))),
            same().prop_map(|schema| ("not", schema)),
            same().prop_map(|schema| ("if", schema)),
            same().prop_map(|schema| ("then", schema)),
            same().prop_map(|schema| ("else", schema)),
            same().prop_map(move |schema| (dependent, json!({ "a": schema }))),
        ]
        .boxed()
    }
}

fn general() -> BoxedStrategy<Keyword> {
    let types = ["null", "boolean", "number", "integer", "string", "array", "object"];
    prop_oneof![
        3 => select(types.to_vec()).prop_map(|name| ("type", name.into())),
        2 => subsequence(types.to_vec(), 2..4).prop_map(|names| ("type", names.into())),
        1 => any_value().prop_map(|value| ("const", value)),
        2 => vec(any_value(), 1..4).prop_map(|values| ("enum", values.into())),
    ]
    .boxed()
}

fn numbers() -> BoxedStrategy<Keyword> {
    let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    let bound = (-4..8_i32).prop_map(|halves| json!(f64::from(halves) / 2.0));
    let step = select(vec![json!(1), json!(2), json!(0.5), json!(0.1), json!(1.5)]);
    prop_oneof![
        4 => (select(bounds.to_vec()), bound),
        1 => step.prop_map(|step| ("multipleOf", step)),
    ]
    .boxed()
}

fn sizes() -> BoxedStrategy<Keyword> {
    let sizes = [
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minContains",
        "maxContains",
    ];
    prop_oneof![
        6 => (select(sizes.to_vec()), (0..3_u64).prop_map(Value::from)),
        1 => any::<bool>().prop_map(|unique| ("uniqueItems", unique.into())),
        1 => Just(("pattern", json!("^a"))),
        1 => Just(("format", json!("email"))),
    ]
    .boxed()
}

/// Compares the results for many schemas. Most results must be known, with many of each kind.
fn compare(draft7: bool) {
    let counts = [const { Cell::new(0) }; 3];
    let input = (Schemas { draft7 }.root(), vec(any_value(), VALUES));
    let config = property_tests::config_with_cases(CASES);
    let compared = TestRunner::new(config).run(&input, |(schema, values)| {
        let validator = Validator::read(&schema).expect("a known dialect");
        let oracle = jsonschema::options().should_validate_formats(false).build(&schema);
        let oracle = oracle.expect("a valid schema");
        for value in values {
            let validity =
                Evaluator::silent(&validator).evaluate(JsonText::of_valid(&value.to_string()));
            let count = &counts[validity as usize];
            count.set(count.get() + 1);
            let violations =
                validator.violations_of_arguments(&value.to_string(), Redactor::default);
            prop_assert_eq!(
                validity == Validity::Invalid,
                !violations.is_empty(),
                "{} {}",
                schema,
                value
            );
            if validity != Validity::Unknown {
                let expected = Validity::of(oracle.is_valid(&value));
                prop_assert_eq!(validity, expected, "{} {}", schema, value);
            }
        }
        Ok(())
    });
    compared.unwrap_or_else(|failed| panic!("{failed}"));
    let [valid, invalid, unknown] = counts.map(|count| count.get());
    let all = CASES as usize * VALUES;
    assert!(
        valid > all / 4 && invalid > all / 5 && unknown < all / 8,
        "{valid} valid, {invalid} invalid, {unknown} unknown"
    );
}

#[test]
fn agrees_with_the_jsonschema_crate_on_2020_12() {
    // SCHEMA-02
    compare(false);
}

#[test]
fn agrees_with_the_jsonschema_crate_on_draft_7() {
    // SCHEMA-03
    compare(true);
}
