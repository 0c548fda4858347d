//! Writing of the values of an `enum` for a provider.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::schema_writer::{Restorable, Writer};
use crate::conversion::{
    change::ChangeEffect,
    normal_form::{Alternative, Kind},
    restoration::RestoreStep,
    rules::LONG_ENUM,
};

impl Writer<'_> {
    /// Writes an alternative for each type of the values.
    pub(crate) fn enum_values(&mut self, values: &[Value]) -> Vec<Restorable<Alternative>> {
        let strings = values.iter().filter_map(Value::as_str);
        let characters: usize = strings.map(|text| text.chars().count()).sum();
        self.values = self.values.saturating_add(values.len());
        let is_long = values.len() > LONG_ENUM.0 && characters > LONG_ENUM.1;
        let limits = &self.rules.limits;
        if limits.values != usize::MAX && (is_long || self.values > limits.values) {
            self.values -= values.len();
            return vec![
                self.json_string("enum", "has too many values, so the value becomes a JSON string"),
            ];
        }
        if self.rules.keywords.is_none() {
            return vec![(Kind::Enum(values.to_vec()).into(), RestoreStep::Same)];
        }
        let is_left_out = |value: &Value| *value == "" && !(self.rules.enum_value)(value);
        let mut values: Vec<_> = values.iter().collect();
        if values.iter().any(|value| is_left_out(value)) && values.iter().any(|it| !is_left_out(it))
        {
            values.retain(|value| !is_left_out(value));
            let reason = "has an empty string, which is not supported and left out";
            self.change("enum", ChangeEffect::Narrower, reason);
        }
        let mut groups = BTreeMap::<_, Vec<Value>>::new();
        let mut seen = BTreeSet::new();
        for value in values.into_iter().filter(|value| seen.insert(value.to_string())) {
            let (group, value) = match value {
                Value::Null => (Group::Null, Value::Null),
                value if !(self.rules.enum_value)(value) => {
                    (Group::JsonString, json!(value.to_string()))
                }
                Value::String(_) => (Group::String, value.clone()),
                Value::Number(_) => (Group::Number, value.clone()),
                _ => (Group::Boolean, value.clone()),
            };
            groups.entry(group).or_default().push(value);
        }
        if groups.contains_key(&Group::JsonString) {
            self.change("enum", ChangeEffect::Same, "has values that become JSON strings");
        }
        let part = |(group, values)| match group {
            Group::Null => (Kind::Null.into(), RestoreStep::Same),
            Group::JsonString => (Kind::Enum(values).into(), RestoreStep::ParseJson),
            _ => (Kind::Enum(values).into(), RestoreStep::Same),
        };
        groups.into_iter().map(part).collect()
    }
}

/// The groups of `enum` values, in this order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    String,
    Number,
    Boolean,
    JsonString,
    Null,
}
