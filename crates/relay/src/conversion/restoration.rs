//! Restoration of arguments: from the form of a converted schema to that of the tool's own schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::normal_form::{Alternative, Definitions, Membership};

/// The maximum nesting that is restored.
const MAX_DEPTH: usize = 128;

/// A step that restores a value which is valid by the converted schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RestoreStep {
    /// The value is unchanged.
    Same,
    /// The value is a string that contains JSON.
    ParseJson,
    /// The value is a text, or a string that contains the JSON of an array, an object or a text.
    ParseContainer,
    /// The value is the only member of an object, with this name.
    Unwrap(&'static str, Box<RestoreStep>),
    /// The value is an object. `others` is for members that the schema does not name.
    Object { members: BTreeMap<String, MemberRestoration>, others: Box<RestoreStep> },
    /// The members of an object are an array of objects with `key` and `value`.
    Entries(Box<RestoreStep>),
    /// The value is an array. `items` is for the items after those of `prefix_items`.
    Items { prefix_items: Vec<RestoreStep>, items: Box<RestoreStep> },
    /// The first alternative that certainly matches the value. If there is none, the first one that
    /// may match it.
    Any(Vec<(Alternative, RestoreStep)>),
    /// The step of the definition with this name.
    Definition(String),
}

/// The restoration of a member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MemberRestoration {
    /// The original name, if it was changed.
    pub(super) name: Option<String>,
    /// True if null stands for an absent member.
    pub(super) absent_if_null: bool,
    pub(super) step: RestoreStep,
}

/// The restoration of arguments, with the restoration of each definition.
#[derive(Debug)]
pub(super) struct Restoration {
    pub(super) root: RestoreStep,
    pub(super) definitions: BTreeMap<String, RestoreStep>,
    /// The converted definitions, which are needed to select an alternative.
    pub(super) nodes: Definitions,
}

impl RestoreStep {
    pub(super) fn object(mut members: BTreeMap<String, MemberRestoration>, others: Self) -> Self {
        members.retain(|_, it| it.name.is_some() || it.absent_if_null || it.step != Self::Same);
        match members.is_empty() && others == Self::Same {
            true => Self::Same,
            false => Self::Object { members, others: Box::new(others) },
        }
    }

    pub(super) fn array(prefix_items: Vec<Self>, items: Self) -> Self {
        let same = prefix_items.iter().chain([&items]).all(|step| *step == Self::Same);
        if same { Self::Same } else { Self::Items { prefix_items, items: Box::new(items) } }
    }
}

impl Restoration {
    /// Creates a restoration that changes nothing.
    pub(super) fn none() -> Self {
        let (definitions, nodes) = Default::default();
        Self { root: RestoreStep::Same, definitions, nodes }
    }

    pub(super) fn restore(&self, arguments: Value) -> Value {
        self.follow(&self.root, arguments, 0)
    }

    fn follow(&self, step: &RestoreStep, value: Value, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return value;
        }
        let below = |step, value| self.follow(step, value, depth + 1);
        match (step, value) {
            (RestoreStep::ParseJson, Value::String(text)) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            (RestoreStep::ParseContainer, Value::String(text)) => {
                match serde_json::from_str(&text) {
                    Ok(value @ (Value::Array(_) | Value::Object(_) | Value::String(_))) => value,
                    _ => Value::String(text),
                }
            }
            (RestoreStep::Unwrap(name, step), Value::Object(mut object)) => {
                match object.shift_remove(*name) {
                    Some(value) => below(step, value),
                    None => Value::Object(object),
                }
            }
            (RestoreStep::Object { members, others }, Value::Object(object)) => {
                let restoration = |(name, value): (String, Value)| match members.get(&name) {
                    Some(restoration) if restoration.absent_if_null && value.is_null() => None,
                    Some(restoration) => Some((
                        restoration.name.clone().unwrap_or(name),
                        below(&restoration.step, value),
                    )),
                    None => Some((name, below(others, value))),
                };
                Value::Object(object.into_iter().filter_map(restoration).collect())
            }
            (RestoreStep::Entries(step), Value::Array(entries)) => {
                let entries = entries.into_iter().filter_map(entry);
                Value::Object(
                    entries.map(|(key, it)| (key, below(step, it))).collect::<Map<_, _>>(),
                )
            }
            (RestoreStep::Items { prefix_items, items }, Value::Array(values)) => {
                let steps = prefix_items.iter().chain(std::iter::repeat(&**items));
                values.into_iter().zip(steps).map(|(value, step)| below(step, value)).collect()
            }
            (RestoreStep::Any(parts), value) => {
                let membership = Membership::new(&self.nodes);
                // A pattern is not evaluated, so an alternative that certainly matches is preferred
                // to one that may match.
                let mut best = None;
                for (part, step) in parts {
                    match membership.alternative(part, &value) {
                        Some(true) => return below(step, value),
                        Some(false) => {}
                        None => best = best.or(Some(step)),
                    }
                }
                match best {
                    Some(step) => below(step, value),
                    None => value,
                }
            }
            (RestoreStep::Definition(name), value) => match self.definitions.get(name) {
                Some(step) => below(step, value),
                None => value,
            },
            // A model that ignores the schema may have sent arguments in the form of the tool.
            (_, value) => value,
        }
    }
}

/// Returns the key and the value of an entry. `None` if it is malformed.
fn entry(entry: Value) -> Option<(String, Value)> {
    let Value::Object(mut entry) = entry else { return None };
    let key = entry.get("key")?.as_str()?.to_owned();
    Some((key, entry.remove("value")?))
}
