//! The intersection of two schemas.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    membership::Membership,
    number,
    reader::Reader,
    schema::{Alternative, Array, Keywords, Kind, Member, Members, Node, Note, Object, add},
};
use crate::conversion::change::ChangeEffect;

/// The maximum number of nodes that are visited to compare the alternatives of a union.
const COMPARED: usize = 20_000;

impl Reader<'_> {
    /// Returns the intersection of two schemas.
    pub(crate) fn intersect(&mut self, one: Node, other: Node) -> Node {
        let mut notes = &one.notes | &other.notes;
        let mut any_of = Vec::new();
        if one.is_any() {
            any_of = other.any_of;
        } else if other.is_any() {
            any_of = one.any_of;
        } else {
            for one in &one.any_of {
                for other in &other.any_of {
                    if self.spend(one.copy_cost() + other.copy_cost()) {
                        any_of.extend(self.alternatives(one, other, &mut notes));
                    }
                }
            }
        }
        any_of.dedup();
        let rest = merged_keywords(one.rest, other.rest, &mut notes);
        let mut annotations = one.annotations;
        add(&mut annotations, other.annotations);
        Node { any_of, rest, annotations, notes }
    }

    fn alternatives(
        &mut self,
        one: &Alternative,
        other: &Alternative,
        notes: &mut BTreeSet<Note>,
    ) -> Vec<Alternative> {
        let (reference, beside) = match (&one.kind, &other.kind) {
            (Kind::Reference(pointer), Kind::Reference(same)) if pointer == same => {
                let keywords = merged_keywords(one.keywords.clone(), other.keywords.clone(), notes);
                return vec![Alternative { keywords, ..one.clone() }];
            }
            (Kind::Reference(pointer), _) => (Some(pointer), other),
            (_, Kind::Reference(pointer)) => (Some(pointer), one),
            _ => (None, one),
        };
        let Some(pointer) = reference else {
            return self.kinds(one, other, notes).into_iter().collect();
        };
        let Some(target) = self.resolve(pointer) else {
            notes.insert(("$ref".to_owned(), ChangeEffect::Wider, "is circular, so it is ignored"));
            return vec![beside.clone()];
        };
        // The reference stays open meanwhile, so that a circular reference cannot recur forever.
        self.open_references.push(pointer.clone());
        let beside = Node { any_of: vec![beside.clone()], ..Node::default() };
        let node = self.intersect(beside, target);
        self.open_references.pop();
        notes.extend(node.notes.iter().cloned());
        node.into_alternatives()
    }

    /// Returns the intersection of two alternatives. Neither is a reference.
    fn kinds(
        &mut self,
        one: &Alternative,
        other: &Alternative,
        notes: &mut BTreeSet<Note>,
    ) -> Option<Alternative> {
        let (kind, keywords) = match (&one.kind, &other.kind) {
            (Kind::Enum(values), _) => self.enum_values(values, other, notes)?,
            (_, Kind::Enum(values)) => self.enum_values(values, one, notes)?,
            _ => {
                let keywords = merged_keywords(one.keywords.clone(), other.keywords.clone(), notes);
                (self.kind([one, other], notes)?, keywords)
            }
        };
        let mut annotations = one.annotations.clone();
        add(&mut annotations, other.annotations.clone());
        Some(Alternative { kind, implied: one.implied && other.implied, keywords, annotations })
    }

    fn kind(
        &mut self,
        [one, other]: [&Alternative; 2],
        notes: &mut BTreeSet<Note>,
    ) -> Option<Kind> {
        Some(match (&one.kind, &other.kind) {
            (Kind::Number { integer: one }, Kind::Number { integer: other }) => {
                Kind::Number { integer: *one || *other }
            }
            (Kind::Array(one), Kind::Array(other)) => Kind::Array(self.arrays(one, other)),
            (Kind::Object(own), Kind::Object(more)) => {
                let object = self.objects(own, more)?;
                let patterned = |it: &Alternative| it.keywords.contains_key("patternProperties");
                if [one, other].into_iter().any(patterned) {
                    // Members that match a pattern may be named by the other schema, which then
                    // accepts more or fewer values.
                    for effect in [ChangeEffect::Wider, ChangeEffect::Narrower] {
                        let keyword = "patternProperties".to_owned();
                        notes.insert((keyword, effect, "is not merged with the other schemas"));
                    }
                }
                Kind::Object(object)
            }
            (one, other) if one == other => one.clone(),
            _ => return None,
        })
    }

    fn arrays(&mut self, one: &Array, other: &Array) -> Array {
        let count = one.prefix_items.len().max(other.prefix_items.len());
        let mut at = |index| {
            self.intersect_optional(one.at(index), other.at(index)).unwrap_or_else(Node::any)
        };
        let prefix_items = (0..count).map(&mut at).collect();
        let items = self.intersect_optional(one.items.as_deref(), other.items.as_deref());
        Array { prefix_items, items: items.map(Box::new) }
    }

    /// Returns the intersection of two objects. `None` if a required member cannot be valid.
    fn objects(&mut self, one: &Object, other: &Object) -> Option<Object> {
        let mut members = Members::new();
        let more = other.members.keys().filter(|name| !one.members.contains_key(*name));
        let names = one.members.keys().chain(more);
        for name in names {
            let node =
                self.intersect_optional(one.at(name), other.at(name)).unwrap_or_else(Node::any);
            let is_required =
                |object: &Object| object.members.get(name).is_some_and(|it| it.required);
            let required = is_required(one) || is_required(other);
            if required && node.is_never() {
                return None;
            }
            members.insert(name.clone(), Member { node, required });
        }
        let others = self.intersect_optional(one.others.as_deref(), other.others.as_deref());
        Some(Object { members, others: others.map(Box::new) })
    }

    fn intersect_optional(&mut self, one: Option<&Node>, other: Option<&Node>) -> Option<Node> {
        match (one, other) {
            (Some(one), Some(other)) => Some(self.intersect(one.clone(), other.clone())),
            (one, other) => one.or(other).cloned(),
        }
    }

    /// Returns the values that may be valid by the other schema. `None` if there is none.
    fn enum_values(
        &mut self,
        values: &[Value],
        other: &Alternative,
        notes: &mut BTreeSet<Note>,
    ) -> Option<(Kind, Keywords)> {
        if !self.spend(values.len() * other.copy_cost()) {
            return None;
        }
        let membership = Membership::new(&self.definitions);
        let results = values.iter().map(|value| (value, membership.alternative(other, value)));
        let possible: Vec<_> = results.filter(|(_, is_valid)| *is_valid != Some(false)).collect();
        if possible.iter().any(|(_, is_valid)| is_valid.is_none()) {
            notes.insert((
                "enum".to_owned(),
                ChangeEffect::Wider,
                "has values that may be invalid",
            ));
        }
        let values: Vec<_> = possible.into_iter().map(|(value, _)| value.clone()).collect();
        (!values.is_empty()).then(|| (Kind::Enum(values), Keywords::new()))
    }

    /// Returns whether certainly no value is valid by two of the nodes.
    pub(crate) fn are_disjoint(&mut self, nodes: &[Node]) -> bool {
        let resolved = |node: &Node| match node.referred() {
            Some(pointer) => self.resolve(pointer).unwrap_or_else(Node::any),
            None => node.clone(),
        };
        let nodes: Vec<_> = nodes.iter().map(resolved).collect();
        let copy_cost: usize = nodes.iter().map(Node::copy_cost).sum();
        if copy_cost * nodes.len() > COMPARED {
            return false;
        }
        let mut pairs = (1..nodes.len()).flat_map(|to| (0..to).map(move |from| (from, to)));
        pairs
            .all(|(one, other)| self.intersect(nodes[one].clone(), nodes[other].clone()).is_never())
    }
}

/// Merges the keywords of two schemas. If two values of a keyword cannot be merged, the first one is
/// kept.
fn merged_keywords(mut one: Keywords, other: Keywords, notes: &mut BTreeSet<Note>) -> Keywords {
    for (keyword, value) in other {
        match one.get_mut(&keyword) {
            None => {
                one.insert(keyword, value);
            }
            Some(own) if number::equal(own, &value) => {}
            Some(own) => match stricter(&keyword, own, &value) {
                Some(intersect) => *own = intersect,
                None => {
                    notes.insert((
                        keyword,
                        ChangeEffect::Wider,
                        "has two different values, so only the first is kept",
                    ));
                }
            },
        }
    }
    one
}

fn stricter(keyword: &str, one: &Value, other: &Value) -> Option<Value> {
    match keyword {
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
            Some(if one.as_f64()? >= other.as_f64()? { one } else { other }.clone())
        }
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
            Some(if one.as_f64()? <= other.as_f64()? { one } else { other }.clone())
        }
        "uniqueItems" => Some(json!(true)),
        // `format` does not change which values are valid.
        "format" => Some(one.clone()),
        _ => None,
    }
}
