//! Reading of a JSON Schema into the normal form.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::choices;
use super::schema::{
    Alternative, Array, Definitions, Keywords, Kind, Member, Members, Node, Object, add, copy_cost,
};
use crate::conversion::{
    change::ChangeEffect,
    rules::{KeywordScope, keyword_scope},
};

/// The budget for reading and copying. It counts schemas, values and pieces of text.
const BUDGET: usize = 100_000;
/// The maximum nesting of schemas.
const MAX_DEPTH: usize = 100;
/// The maximum number of references that lead to each other.
const MAX_REFERENCES: usize = 16;

/// Reads a schema within its budget.
pub(crate) struct Reader<'a> {
    root: &'a Value,
    budget: usize,
    depth: usize,
    /// The references that are being resolved.
    pub(crate) open_references: Vec<String>,
    pub(crate) definitions: Definitions,
    pending: Vec<String>,
}

/// A schema in the normal form, with the definitions that it refers to.
pub(crate) struct NormalForm {
    pub(crate) root: Node,
    pub(crate) definitions: Definitions,
}

/// Reads a schema. `None` if the budget is used up.
pub(crate) fn read(root: &Value) -> Option<NormalForm> {
    let (open_references, definitions, pending) = Default::default();
    let mut reader =
        Reader { root, budget: BUDGET, depth: 0, open_references, definitions, pending };
    let mut node = reader.read(root);
    while let Some(pointer) = reader.pending.pop() {
        if let Some(target) = root.pointer(&pointer)
            && !reader.definitions.contains_key(&pointer)
        {
            let definition = reader.read(target);
            reader.definitions.insert(pointer, definition);
        }
    }
    reader.replace_circular_definitions();
    // The root must not be a reference.
    while let Some(next) = node.referred().and_then(|next| reader.definitions.get(next)) {
        let outer = std::mem::replace(&mut node, next.clone());
        add(&mut node.annotations, outer.annotations);
        node.notes.extend(outer.notes);
    }
    choices::merge(&mut node);
    let Reader { budget, definitions, .. } = reader;
    (budget > 0).then_some(NormalForm { root: node, definitions })
}

impl<'a> Reader<'a> {
    /// Replaces definitions that require themselves for the same value. They accept any value then.
    fn replace_circular_definitions(&mut self) {
        let pointers: Vec<_> = self.definitions.keys().cloned().collect();
        for pointer in pointers {
            if self.requires_itself(&pointer) {
                let mut node = Node::any();
                node.note("$ref", ChangeEffect::Wider, "is circular, so it is ignored");
                self.definitions.insert(pointer, node);
            }
        }
    }

    /// Returns whether a definition requires itself for the same value.
    fn requires_itself(&mut self, pointer: &str) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![pointer.to_owned()]);
        while let Some(node) = next.pop().and_then(|pointer| self.definitions.get(&pointer)) {
            let needed: Vec<_> = node.needed().map(str::to_owned).collect();
            if needed.iter().any(|needed| needed == pointer) || !self.spend(1 + needed.len()) {
                return true;
            }
            next.extend(needed.into_iter().filter(|pointer| seen.insert(pointer.clone())));
        }
        false
    }

    /// Takes a cost from the budget. Returns false if the budget is used up.
    pub(crate) fn spend(&mut self, cost: usize) -> bool {
        self.budget = self.budget.saturating_sub(cost);
        self.budget > 0
    }

    fn read(&mut self, source: &'a Value) -> Node {
        if !self.spend(1) || self.depth == MAX_DEPTH {
            self.budget = 0;
            return Node::any();
        }
        self.depth += 1;
        let node = match source {
            Value::Object(schema) => self.schema(schema),
            Value::Bool(false) => Node::never(),
            _ => Node::any(),
        };
        self.depth -= 1;
        node
    }

    fn schema(&mut self, schema: &'a Keywords) -> Node {
        let reference = schema.get("$ref").and_then(Value::as_str);
        // Up to draft 7, keywords next to a reference are ignored.
        let is_reference_only = reference.is_some() && is_draft_7_or_older(self.root);
        let mut node = if is_reference_only { Node::any() } else { self.own_keywords(schema) };
        if let Some(reference) = reference {
            let target = self.reference(reference);
            node = self.intersect(node, target);
        }
        if !is_reference_only {
            for part in parts(schema, "allOf") {
                let part = self.read(part);
                node = self.intersect(node, part);
            }
            for keyword in ["anyOf", "oneOf"] {
                if schema.contains_key(keyword) {
                    let union = self.union(keyword, parts(schema, keyword));
                    node = self.intersect(node, union);
                }
            }
        }
        for (keyword, value) in schema {
            if keyword_scope(keyword) == KeywordScope::Annotation && self.spend(copy_cost(value)) {
                node.annotations.insert(keyword.clone(), value.clone());
            }
        }
        node
    }

    /// Reads the keywords of the schema itself, except for its subschemas for the same value.
    fn own_keywords(&mut self, schema: &'a Keywords) -> Node {
        let (kinds, implied) = kinds(schema);
        let mut node = Node::default();
        for kind in kinds {
            let Some(kind) = self.with_subschemas(kind, schema) else { continue };
            let keywords = match scope_of(&kind) {
                Some(scope) => self.keywords(schema, scope),
                None => Keywords::new(),
            };
            node.any_of.push(Alternative { implied, keywords, ..Alternative::from(kind) });
        }
        node.rest = self.keywords(schema, KeywordScope::AnyType);
        if schema.contains_key("$id") && self.depth > 1 {
            node.note(
                "$id",
                ChangeEffect::Wider,
                "changes the base URI of references, which is not supported",
            );
        }
        if schema.contains_key("const") {
            node.note("const", ChangeEffect::Same, "becomes an \"enum\" with one value");
        }
        let constant = schema.get("const").map(|value| vec![value.clone()]);
        let listed = schema.get("enum").and_then(Value::as_array).cloned();
        for values in [constant, listed].into_iter().flatten() {
            self.spend(values.iter().map(copy_cost).sum());
            node = self.intersect(node, Node::of(Kind::Enum(values)));
        }
        node
    }

    fn keywords(&mut self, schema: &'a Keywords, scope: KeywordScope) -> Keywords {
        let matching = schema.iter().filter(|(keyword, value)| match &***keyword {
            "format" if matches!(scope, KeywordScope::Number | KeywordScope::String) => {
                let numeric = ["int32", "int64", "float", "double"].map(Value::from);
                numeric.contains(value) == (scope == KeywordScope::Number)
            }
            // Names are always strings.
            "propertyNames" if **value == json!({ "type": "string" }) => false,
            keyword => keyword_scope(keyword) == scope,
        });
        let keywords: Keywords =
            matching.map(|(keyword, value)| (keyword.clone(), value.clone())).collect();
        self.spend(keywords.values().map(copy_cost).sum());
        keywords
    }

    /// Reads the items of an array or the members of an object. `None` if no value is valid.
    fn with_subschemas(&mut self, kind: Kind, schema: &'a Keywords) -> Option<Kind> {
        Some(match kind {
            Kind::Array(_) => {
                let is_tuple = schema.get("items").is_some_and(Value::is_array);
                let [prefix_items, items] =
                    if is_tuple { ["items", "additionalItems"] } else { ["prefixItems", "items"] };
                let prefix_items =
                    parts(schema, prefix_items).iter().map(|item| self.read(item)).collect();
                Kind::Array(Array { prefix_items, items: self.others(schema.get(items)) })
            }
            Kind::Object(_) => Kind::Object(self.object(schema)?),
            kind => kind,
        })
    }

    fn object(&mut self, schema: &'a Keywords) -> Option<Object> {
        let others = self.others(schema.get("additionalProperties"));
        let mut members = Members::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let node = self.read(property);
            self.spend(name.len() / 64);
            members.insert(name.clone(), Member { node, required: false });
        }
        let patterns = schema.contains_key("patternProperties");
        for name in parts(schema, "required").iter().filter_map(Value::as_str) {
            self.spend(1 + others.as_deref().map_or(0, Node::copy_cost));
            let other = || match others.as_deref() {
                Some(_) if patterns => {
                    let mut node = Node::any();
                    let reason = "may apply to this property, but is ignored";
                    node.note("patternProperties", ChangeEffect::Wider, reason);
                    node
                }
                others => others.cloned().unwrap_or_else(Node::any),
            };
            let member = || Member { node: other(), required: true };
            members.entry(name.to_owned()).or_insert_with(member).required = true;
        }
        let impossible = members.values().any(|it| it.required && it.node.is_never());
        (!impossible).then_some(Object { members, others })
    }

    /// Reads the schema of unnamed members or items. `None` if they may be any value.
    fn others(&mut self, source: Option<&'a Value>) -> Option<Box<Node>> {
        let node = self.read(source?);
        let is_unrestricted = node.is_any() && node.notes.is_empty() && node.annotations.is_empty();
        (!is_unrestricted).then(|| Box::new(node))
    }

    fn union(&mut self, keyword: &str, parts: &'a [Value]) -> Node {
        let nodes: Vec<_> = parts.iter().map(|part| self.read(part)).collect();
        let mut union = if nodes.iter().any(Node::is_any) { Node::any() } else { Node::never() };
        if keyword == "oneOf" {
            let (effect, reason) = match self.are_disjoint(&nodes) {
                true => (
                    ChangeEffect::Same,
                    "becomes \"anyOf\", because no value matches two of its schemas",
                ),
                false => (
                    ChangeEffect::Wider,
                    "becomes \"anyOf\", so a value may match several of its schemas",
                ),
            };
            union.note(keyword, effect, reason);
        }
        for node in nodes {
            union.notes.extend(node.notes.iter().cloned());
            if !union.is_any() {
                union.any_of.extend(node.into_alternatives());
            }
        }
        union.any_of = joined(union.any_of);
        union
    }

    /// Reads a reference. It is resolved later, if needed.
    fn reference(&mut self, reference: &'a str) -> Node {
        let Some(pointer) = self.follow(reference) else {
            let mut node = Node::any();
            node.note("$ref", ChangeEffect::Wider, "cannot be resolved, so it is ignored");
            return node;
        };
        self.pending.push(pointer.to_owned());
        Node::of(Kind::Reference(pointer.to_owned()))
    }

    /// Follows references, and returns the pointer to the first schema that has other keywords.
    fn follow(&mut self, reference: &'a str) -> Option<&'a str> {
        let mut reference = reference;
        for _ in 0..MAX_REFERENCES {
            let pointer = reference.strip_prefix('#')?;
            if pointer.contains('%') || !self.spend(1 + pointer.len() / 64) {
                return None;
            }
            let target = self.root.pointer(pointer)?;
            match target.get("$ref").and_then(Value::as_str) {
                Some(next) if target.as_object().is_some_and(|it| it.len() == 1) => {
                    reference = next;
                }
                _ => return Some(pointer),
            }
        }
        None
    }

    /// Returns the target of a reference. `None` if the reference is circular.
    pub(crate) fn resolve(&mut self, pointer: &str) -> Option<Node> {
        let target = self.root.pointer(pointer)?;
        if self.open_references.iter().any(|open| open == pointer) {
            return None;
        }
        self.open_references.push(pointer.to_owned());
        let node = self.read(target);
        self.open_references.pop();
        Some(node)
    }
}

/// Returns whether a root names draft 7 of JSON Schema, or an older one.
pub(crate) fn is_draft_7_or_older(root: &Value) -> bool {
    let draft = root.get("$schema").and_then(Value::as_str);
    draft.is_some_and(|draft| draft.contains("/draft-0"))
}

/// Returns the array of a keyword. Empty if there is none.
fn parts<'a>(schema: &'a Keywords, keyword: &str) -> &'a [Value] {
    schema.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the types of a schema. If it names none, returns all types and `true`.
fn kinds(schema: &Keywords) -> (Vec<Kind>, bool) {
    let names = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![&**name],
        _ => return (Kind::all().into(), true),
    };
    let is_named = |kind: &Kind| match kind {
        Kind::Null => names.contains(&"null"),
        Kind::Boolean => names.contains(&"boolean"),
        Kind::Number { .. } => names.contains(&"number") || names.contains(&"integer"),
        Kind::String => names.contains(&"string"),
        Kind::Array(_) => names.contains(&"array"),
        _ => names.contains(&"object"),
    };
    let integer = !names.contains(&"number");
    let exact =
        |kind| if matches!(kind, Kind::Number { .. }) { Kind::Number { integer } } else { kind };
    (Kind::all().into_iter().filter(is_named).map(exact).collect(), false)
}

fn scope_of(kind: &Kind) -> Option<KeywordScope> {
    Some(match kind {
        Kind::Number { .. } => KeywordScope::Number,
        Kind::String => KeywordScope::String,
        Kind::Array(_) => KeywordScope::Array,
        Kind::Object(_) => KeywordScope::Object,
        _ => return None,
    })
}

/// Joins adjacent `const`s into one `enum`.
fn joined(alternatives: Vec<Alternative>) -> Vec<Alternative> {
    let mut joined = Vec::<Alternative>::new();
    for alternative in alternatives {
        if joined.last() == Some(&alternative) {
            continue;
        }
        let plain = |it: &Alternative| it.keywords.is_empty() && it.annotations.is_empty();
        match (joined.last_mut(), &alternative) {
            (Some(last), next) if plain(last) && plain(next) => {
                match (&mut last.kind, &next.kind) {
                    (Kind::Enum(values), Kind::Enum(more)) => {
                        values.extend(more.iter().cloned());
                    }
                    _ => joined.push(alternative),
                }
            }
            _ => joined.push(alternative),
        }
    }
    joined
}
