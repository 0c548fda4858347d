//! Evaluation of a value against a schema in the normal form.
//!
//! The documentation of the module `validation` explains why it has a second evaluator.

use serde_json::Value;

use super::{
    number,
    schema::{Alternative, Definitions, Keywords, Kind, Node},
};

/// The maximum nesting of a value that is evaluated.
const MAX_DEPTH: usize = 64;

/// Evaluates whether values are valid. The result is `None` if this cannot be decided.
#[derive(Clone, Copy)]
pub(crate) struct Membership<'a> {
    definitions: &'a Definitions,
    depth: usize,
}

impl<'a> Membership<'a> {
    pub(crate) fn new(definitions: &'a Definitions) -> Self {
        Self { definitions, depth: 0 }
    }

    pub(crate) fn node(self, node: &Node, value: &Value) -> Option<bool> {
        let rest = if node.rest.is_empty() { Some(true) } else { None };
        let is_valid = node.any_of.iter().map(|alternative| self.alternative(alternative, value));
        and(any(is_valid), rest)
    }

    pub(crate) fn alternative(self, alternative: &Alternative, value: &Value) -> Option<bool> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        let below = Self { depth: self.depth + 1, ..self };
        let keywords = &alternative.keywords;
        let is_valid = match (&alternative.kind, value) {
            (Kind::Null, Value::Null) | (Kind::Boolean, Value::Bool(_)) => Some(true),
            (Kind::Number { integer }, Value::Number(number)) => {
                let whole = !integer || number::is_whole(number);
                and(Some(whole), all(number::bounds_met(keywords, number)))
            }
            (Kind::String, Value::String(text)) => {
                let length = text.chars().count();
                Some(is_within(keywords, ["minLength", "maxLength"], length))
            }
            (Kind::Array(array), Value::Array(values)) => {
                let each = values.iter().enumerate();
                let is_valid = all(each.map(|(at, value)| below.optional(array.at(at), value)));
                and(Some(is_within(keywords, ["minItems", "maxItems"], values.len())), is_valid)
            }
            (Kind::Object(object), Value::Object(values)) => {
                let required = object.members.iter().filter(|(_, member)| member.required);
                let missing = required.map(|(name, _)| name).any(|it| !values.contains_key(it));
                let each = values.iter();
                let is_valid =
                    all(each.map(|(name, value)| below.optional(object.at(name), value)));
                let count = ["minProperties", "maxProperties"];
                and(Some(!missing && is_within(keywords, count, values.len())), is_valid)
            }
            (Kind::Enum(values), value) => {
                Some(values.iter().any(|listed| number::equal(listed, value)))
            }
            (Kind::Reference(pointer), value) => {
                self.definitions.get(pointer).and_then(|node| below.node(node, value))
            }
            _ => Some(false),
        };
        let all_evaluated = keywords.keys().all(|keyword| is_evaluated(keyword));
        and(is_valid, if all_evaluated { Some(true) } else { None })
    }

    fn optional(self, node: Option<&Node>, value: &Value) -> Option<bool> {
        node.map_or(Some(true), |node| self.node(node, value))
    }
}

/// Returns whether a keyword can be evaluated.
fn is_evaluated(keyword: &str) -> bool {
    const EVALUATED: [&str; 12] = [
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
    ];
    EVALUATED.contains(&keyword)
}

fn is_within(keywords: &Keywords, [least, most]: [&str; 2], count: usize) -> bool {
    number::limit(keywords, least).is_none_or(|least| count >= least)
        && number::limit(keywords, most).is_none_or(|most| count <= most)
}

fn and(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    all([one, other].into_iter())
}

fn all(results: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(results.map(|it| it.map(|is_valid| !is_valid))).map(|is_invalid| !is_invalid)
}

fn any(results: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut outcome = Some(false);
    for result in results {
        match result {
            Some(true) => return result,
            Some(false) => {}
            None => outcome = None,
        }
    }
    outcome
}
