//! Writing of a schema in the normal form for a provider, with the restoration of its arguments.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::description::{described, json_string, merged, refers, text_or_json};
use crate::conversion::{
    change::{ChangeEffect, ChangeReport, SchemaChange},
    normal_form::{Alternative, Definitions, Keywords, Kind, Node, NormalForm},
    restoration::{Restoration, RestoreStep},
    rules::{ProviderRules, References},
};

/// The budget for writing. It counts schemas, values, pieces of text, and steps along references.
const BUDGET: usize = 50_000;
/// The maximum nesting of schemas.
const MAX_DEPTH: usize = 100;

/// The maximum number of alternatives of a union that are compared with each other.
const COMPARED: usize = 100;

/// A schema for a provider, with the step that restores its values.
pub(crate) type Restorable<T> = (T, RestoreStep);

/// Writes a schema for a provider.
pub(crate) struct Writer<'a> {
    pub(crate) rules: &'static ProviderRules,
    pub(crate) definitions: &'a Definitions,
    report: ChangeReport,
    /// The number of objects and arrays around the current schema.
    pub(crate) depth: usize,
    /// The number of schemas around the current one.
    nesting: usize,
    budget: usize,
    /// The number of `enum` values so far.
    pub(crate) values: usize,
    /// The references that are being replaced by their targets.
    open_references: Vec<&'a str>,
    /// The references of each definition.
    references: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The known results of [`Writer::is_circular`].
    circular: BTreeMap<&'a str, bool>,
    /// The names of the definitions by pointer.
    names: BTreeMap<&'a str, String>,
    /// The names that are in use.
    used_names: BTreeSet<String>,
    /// The definitions that are still to be written: pointer and name.
    pending: Vec<(&'a str, String)>,
}

/// A written schema, in the normal form.
pub(crate) struct Written {
    pub(crate) root: Node,
    pub(crate) changes: Vec<SchemaChange>,
    /// The restoration, which also holds the definitions.
    pub(crate) restoration: Restoration,
}

/// Writes a schema. `None` if the budget is used up.
pub(crate) fn write(normal: &NormalForm, rules: &'static ProviderRules) -> Option<Written> {
    let mut writer = Writer::new(&normal.definitions, rules);
    let (root, root_step) = writer.root(&normal.root);
    let mut restoration = Restoration { root: root_step, ..Restoration::none() };
    while let Some((pointer, name)) = writer.pending.pop() {
        let (node, step) = writer.within(format!("#{name}"), |it| it.definition(pointer));
        restoration.nodes.insert(name.clone(), node);
        restoration.definitions.insert(name, step);
    }
    let Writer { budget, report, .. } = writer;
    (budget > 0).then_some(Written { root, changes: report.changes, restoration })
}

/// Writes a string that contains JSON, in place of a schema that is too large.
pub(crate) fn as_json_text(rules: &'static ProviderRules) -> Written {
    let definitions = Definitions::new();
    let mut writer = Writer::new(&definitions, rules);
    let reason = "is too large or too complex, so the arguments become a JSON string";
    let (text, step) = writer.json_string("properties", reason);
    let node = Node { any_of: vec![text], ..Node::default() };
    let (root, root_step) = writer.wrapped(node, step);
    let restoration = Restoration { root: root_step, ..Restoration::none() };
    Written { root, changes: writer.report.changes, restoration }
}

impl<'a> Writer<'a> {
    fn new(definitions: &'a Definitions, rules: &'static ProviderRules) -> Self {
        let referenced = |(pointer, node): (&'a String, &'a Node)| {
            let mut found = Vec::new();
            node.references(&mut found);
            (&**pointer, found.into_iter().collect())
        };
        let (report, open_references, circular, names, used_names, pending) = Default::default();
        Self {
            rules,
            definitions,
            report,
            depth: 0,
            nesting: 0,
            budget: BUDGET,
            values: 0,
            open_references,
            references: definitions.iter().map(referenced).collect(),
            circular,
            names,
            used_names,
            pending,
        }
    }

    /// Writes any schema.
    pub(crate) fn node(&mut self, node: &'a Node) -> Restorable<Node> {
        if !self.spend(node.own_copy_cost()) || self.nesting == MAX_DEPTH {
            self.budget = 0;
            return (Node::any(), RestoreStep::Same);
        }
        self.nesting += 1;
        for (keyword, effect, reason) in &node.notes {
            self.change(keyword, *effect, reason);
        }
        let parts = if node.is_any() { self.any() } else { self.parts(node) };
        let (mut written, step) = self.union(parts);
        let (rest, _) = self.split_keywords(&node.rest);
        written.rest = rest;
        self.describe(&mut written, &node.annotations);
        self.nesting -= 1;
        (written, step)
    }

    fn parts(&mut self, node: &'a Node) -> Vec<Restorable<Alternative>> {
        let stated = node.any_of.iter().filter(|it| !it.is_implied());
        let described = node.any_of.len() == 1 && node.annotations.contains_key("description");
        let parts: Vec<_> = stated.flat_map(|it| self.alternative(it, described)).collect();
        if node.is_never() {
            self.change(
                "false",
                ChangeEffect::Wider,
                "accepts no value, but no schema can express that",
            );
            return self.any();
        }
        // The schema may have only keywords that are not read, such as `not` or `if`.
        if parts.is_empty() {
            return self.any();
        }
        if node.any_of.iter().any(Alternative::is_implied) {
            self.change(
                "type",
                ChangeEffect::Narrower,
                "is missing, so it is inferred from the other keywords",
            );
        }
        parts
    }

    fn alternative(
        &mut self,
        source: &'a Alternative,
        described: bool,
    ) -> Vec<Restorable<Alternative>> {
        let described = described || source.annotations.contains_key("description");
        let mut parts = match &source.kind {
            Kind::Reference(pointer) => self.reference(pointer, described),
            Kind::Enum(values) => self.enum_values(values),
            Kind::Array(array) => vec![self.array(array, &source.keywords)],
            Kind::Object(object) => vec![self.object(object, &source.keywords)],
            kind => vec![(self.with_keywords(kind.clone(), &source.keywords), RestoreStep::Same)],
        };
        let supported = match &source.kind {
            Kind::Reference(_) | Kind::Enum(_) => self.split_keywords(&source.keywords).0,
            _ => Keywords::new(),
        };
        let annotations = self.annotations(&source.annotations);
        for (written, _) in &mut parts {
            written.keywords.extend(supported.clone());
        }
        if let Some((first, _)) = parts.first_mut() {
            first.annotations = merged(annotations, std::mem::take(&mut first.annotations));
        }
        parts
    }

    /// Joins alternatives to one schema.
    pub(crate) fn union(&mut self, mut parts: Vec<Restorable<Alternative>>) -> Restorable<Node> {
        parts.dedup();
        if self.are_ambiguous(&parts) {
            self.change(
                "anyOf",
                ChangeEffect::Narrower,
                "has values that match two alternatives with different forms",
            );
        }
        if self.rules.openapi && parts.iter().all(|(it, _)| it.kind == Kind::Null) {
            parts = vec![(Kind::Enum(vec![json!("null")]).into(), RestoreStep::ParseJson)];
        }
        let same_restoration =
            parts.len() == 1 || parts.iter().all(|(_, step)| *step == RestoreStep::Same);
        let (any_of, step) = if same_restoration {
            let (any_of, mut steps): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            (any_of, steps.pop().unwrap_or(RestoreStep::Same))
        } else {
            (parts.iter().map(|(written, _)| written.clone()).collect(), RestoreStep::Any(parts))
        };
        (Node { any_of, ..Node::default() }, step)
    }

    /// Returns whether a value may be valid by two alternatives with different restorations.
    fn are_ambiguous(&self, parts: &[Restorable<Alternative>]) -> bool {
        let differs = parts.iter().any(|(_, step)| *step != parts[0].1);
        let is_ambiguous = |(at, (one, step)): (usize, &Restorable<Alternative>)| {
            parts[..at]
                .iter()
                .any(|(other, restoration)| restoration != step && self.overlap(one, other))
        };
        // A long union counts as ambiguous.
        differs && (parts.len() > COMPARED || parts.iter().enumerate().any(is_ambiguous))
    }

    fn overlap(&self, one: &Alternative, other: &Alternative) -> bool {
        match (&one.kind, &other.kind) {
            (Kind::Reference(name), kind) | (kind, Kind::Reference(name)) => {
                let mut named = self.names.iter().filter(|(_, other)| *other == name);
                let node = named.next().and_then(|(pointer, _)| self.definitions.get(*pointer));
                node.is_none_or(|node| node.may_look_like(kind))
            }
            _ => one.overlaps(other),
        }
    }

    /// Adds annotations.
    pub(crate) fn describe(&mut self, written: &mut Node, source: &Keywords) {
        let annotations = self.annotations(source);
        let place = match &mut written.any_of[..] {
            [one] => &mut one.annotations,
            _ => &mut written.annotations,
        };
        *place = merged(annotations, std::mem::take(place));
    }

    /// Writes a schema for any value.
    pub(crate) fn any(&mut self) -> Vec<Restorable<Alternative>> {
        if self.rules.keywords.is_none() {
            return Node::any().any_of.into_iter().map(|it| (it, RestoreStep::Same)).collect();
        }
        let reason = "is not restricted, so an array or object becomes a JSON string";
        self.change("type", ChangeEffect::Same, reason);
        let scalars = [Kind::Number { integer: false }, Kind::Boolean, Kind::Null];
        let scalars = scalars.map(|kind| (kind.into(), RestoreStep::Same));
        [(text_or_json(), RestoreStep::ParseContainer)].into_iter().chain(scalars).collect()
    }

    /// Writes a string that contains JSON, because the provider has no schema for the value.
    pub(crate) fn json_string(
        &mut self,
        keyword: &str,
        reason: &'static str,
    ) -> Restorable<Alternative> {
        self.change(keyword, ChangeEffect::Wider, reason);
        (json_string(), RestoreStep::ParseJson)
    }

    /// Writes a reference, or its target.
    fn reference(&mut self, pointer: &'a str, described: bool) -> Vec<Restorable<Alternative>> {
        let circular = self.is_circular(pointer);
        let supported = match self.rules.references {
            References::None => false,
            References::NonCircular => !circular && !described,
            // A reference cannot have a description.
            References::All => circular || !described,
        };
        if supported {
            let name = self.define(pointer);
            return vec![(Kind::Reference(name.clone()).into(), RestoreStep::Definition(name))];
        }
        if self.open_references.contains(&pointer) {
            let reason = "is circular, so the value becomes a JSON string";
            return vec![self.json_string("$ref", reason)];
        }
        self.open_references.push(pointer);
        let (node, step) = self.definition(pointer);
        self.open_references.pop();
        match step {
            RestoreStep::Any(parts) => parts,
            step => node.into_alternatives().into_iter().map(|it| (it, step.clone())).collect(),
        }
    }

    fn definition(&mut self, pointer: &str) -> Restorable<Node> {
        match self.definitions.get(pointer) {
            Some(node) => self.node(node),
            None => (Node::any(), RestoreStep::Same),
        }
    }

    /// Returns whether a definition is circular.
    fn is_circular(&mut self, pointer: &'a str) -> bool {
        if let Some(circular) = self.circular.get(pointer) {
            return *circular;
        }
        let (mut seen, mut next) = (BTreeSet::new(), vec![pointer]);
        while let Some(referenced) = next.pop().and_then(|pointer| self.references.get(pointer)) {
            next.extend(referenced.iter().filter(|pointer| seen.insert(**pointer)));
            let cost = 1 + referenced.len();
            if !self.spend(cost) {
                break;
            }
        }
        self.circular.insert(pointer, seen.contains(pointer));
        seen.contains(pointer)
    }

    fn define(&mut self, pointer: &'a str) -> String {
        if let Some(name) = self.names.get(pointer) {
            return name.clone();
        }
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut name: String = last.chars().take(40).map(plain).collect();
        if name.is_empty() || !self.used_names.insert(name.clone()) {
            let mut numbered = (self.names.len()..).map(|number| format!("{name}_{number}"));
            name = numbered.find(|name| self.used_names.insert(name.clone())).unwrap_or_default();
        }
        self.names.insert(pointer, name.clone());
        self.pending.push((pointer, name.clone()));
        name
    }

    /// Writes a type with the keywords that the provider supports, and describes the others.
    pub(crate) fn with_keywords(&mut self, kind: Kind, keywords: &Keywords) -> Alternative {
        let (keywords, unsupported) = self.split_keywords(keywords);
        Alternative { keywords, annotations: described(&unsupported), ..Alternative::from(kind) }
    }

    /// Splits keywords into those that the provider supports and the others.
    fn split_keywords(&mut self, keywords: &Keywords) -> (Keywords, Keywords) {
        let (mut supported, mut unsupported) = (Keywords::new(), Keywords::new());
        for (keyword, value) in keywords {
            let is_supported = match &**keyword {
                "format" => self.rules.supports_format(value),
                // A provider that limits unions supports only 0 and 1.
                "minItems" if self.rules.limits.unions != usize::MAX => {
                    [json!(0), json!(1)].contains(value)
                }
                _ => !refers(value),
            };
            if is_supported && self.rules.supports(keyword) {
                supported.insert(keyword.clone(), value.clone());
                continue;
            }
            let effect = if keyword == "format" { ChangeEffect::Same } else { ChangeEffect::Wider };
            self.change(keyword, effect, "is not supported");
            unsupported.insert(keyword.clone(), value.clone());
        }
        (supported, unsupported)
    }

    /// Writes the annotations that the provider supports.
    fn annotations(&mut self, source: &Keywords) -> Keywords {
        let (mut supported, mut unsupported) = (Keywords::new(), Keywords::new());
        for (keyword, value) in source {
            let located = matches!(&**keyword, "$id" | "$anchor" | "$dynamicAnchor");
            if self.rules.supports(keyword) && !located && keyword != "$schema" {
                supported.insert(keyword.clone(), value.clone());
                continue;
            }
            self.change(keyword, ChangeEffect::Same, "is not supported");
            if keyword == "default" {
                unsupported.insert(keyword.clone(), value.clone());
            }
        }
        merged(supported, described(&unsupported))
    }

    pub(crate) fn spend(&mut self, cost: usize) -> bool {
        self.budget = self.budget.saturating_sub(cost);
        self.budget > 0
    }

    pub(crate) fn change(&mut self, keyword: &str, effect: ChangeEffect, reason: &'static str) {
        self.report.change(keyword, effect, reason);
    }

    pub(crate) fn within<T>(&mut self, segment: String, write: impl FnOnce(&mut Self) -> T) -> T {
        self.report.enter(segment);
        let written = write(self);
        self.report.leave();
        written
    }
}
