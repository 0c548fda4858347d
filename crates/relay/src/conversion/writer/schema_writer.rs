//! From a schema in the normal form to one that a provider can say, and the way back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::description::{described, merged, refers, text};
use crate::conversion::{
    change::{Change, Effect, Report},
    normal_form::{Alternative, Definitions, Keywords, Kind, Node, Normal},
    restoration::{Back, WayBack},
    rules::{References, Rules},
};

/// What may be written, in schemas, values and pieces of text, with the steps along references.
const BUDGET: usize = 50_000;
/// How deep schemas may be within each other.
const DEEPEST: usize = 100;

/// Parts of a union that are compared with each other.
const COMPARED: usize = 100;

/// What a provider can say, and what has to be undone in a value that fits it.
pub(crate) type Said<T> = (T, Back);

/// A schema being written for a provider.
pub(crate) struct Writer<'a> {
    pub(crate) rules: &'static Rules,
    pub(crate) definitions: &'a Definitions,
    report: Report,
    /// Objects and lists around what is being written.
    pub(crate) depth: usize,
    nesting: usize,
    budget: usize,
    /// Values of `enum`s so far.
    pub(crate) values: usize,
    /// References that are being put in their own place.
    open: Vec<&'a str>,
    /// The definitions that each of them leads to.
    leads: BTreeMap<&'a str, BTreeSet<&'a str>>,
    circular: BTreeMap<&'a str, bool>,
    /// The names of the definitions by the pointers to them.
    names: BTreeMap<&'a str, String>,
    taken: BTreeSet<String>,
    pending: Vec<(&'a str, String)>,
}

/// A schema as a provider can say it, in the normal form.
pub(crate) struct Written {
    pub(crate) root: Node,
    pub(crate) changes: Vec<Change>,
    /// It holds the definitions as well.
    pub(crate) back: WayBack,
}

/// Writes a schema; nothing if it is too much.
pub(crate) fn write(normal: &Normal, rules: &'static Rules) -> Option<Written> {
    let mut writer = Writer::new(&normal.definitions, rules);
    let (root, root_back) = writer.root(&normal.root);
    let mut back = WayBack { root: root_back, ..WayBack::none() };
    while let Some((pointer, name)) = writer.pending.pop() {
        let (node, undo) = writer.within(format!("#{name}"), |it| it.definition(pointer));
        back.nodes.insert(name.clone(), node);
        back.definitions.insert(name, undo);
    }
    let Writer { budget, report, .. } = writer;
    (budget > 0).then_some(Written { root, changes: report.changes, back })
}

/// Writes what stands for a schema that is too much.
pub(crate) fn too_much(rules: &'static Rules) -> Written {
    let definitions = Definitions::new();
    let mut writer = Writer::new(&definitions, rules);
    let (text, back) = writer.opaque("properties", "are too much, and so said as a text of JSON");
    let node = Node { any_of: vec![text], ..Node::default() };
    let (root, root_back) = writer.wrapped(node, back);
    let back = WayBack { root: root_back, ..WayBack::none() };
    Written { root, changes: writer.report.changes, back }
}

impl<'a> Writer<'a> {
    fn new(definitions: &'a Definitions, rules: &'static Rules) -> Self {
        let led = |(pointer, node): (&'a String, &'a Node)| {
            let mut found = Vec::new();
            node.references(&mut found);
            (&**pointer, found.into_iter().collect())
        };
        let (report, open, circular, names, taken, pending) = Default::default();
        Self {
            rules,
            definitions,
            report,
            depth: 0,
            nesting: 0,
            budget: BUDGET,
            values: 0,
            open,
            leads: definitions.iter().map(led).collect(),
            circular,
            names,
            taken,
            pending,
        }
    }

    /// Any schema.
    pub(crate) fn node(&mut self, node: &'a Node) -> Said<Node> {
        if !self.spend(node.own_weight()) || self.nesting == DEEPEST {
            self.budget = 0;
            return (Node::any(), Back::Same);
        }
        self.nesting += 1;
        for (keyword, effect, reason) in &node.notes {
            self.change(keyword, *effect, reason);
        }
        let parts = if node.is_any() { self.any() } else { self.parts(node) };
        let (mut said, back) = self.union(parts);
        let (rest, _) = self.kept(&node.rest);
        said.rest = rest;
        self.describe(&mut said, &node.annotations);
        self.nesting -= 1;
        (said, back)
    }

    fn parts(&mut self, node: &'a Node) -> Vec<Said<Alternative>> {
        let stated = node.any_of.iter().filter(|it| !it.is_unsaid());
        let described = node.any_of.len() == 1 && node.annotations.contains_key("description");
        let parts: Vec<_> = stated.flat_map(|it| self.alternative(it, described)).collect();
        if node.is_never() {
            self.change("false", Effect::Wider, "stands for a value that cannot be");
            return self.any();
        }
        // An unread `not` or `if` may be all that is said.
        if parts.is_empty() {
            return self.any();
        }
        if node.any_of.iter().any(Alternative::is_unsaid) {
            self.change("type", Effect::Narrower, "is missing, and follows from what is said");
        }
        parts
    }

    fn alternative(&mut self, source: &'a Alternative, described: bool) -> Vec<Said<Alternative>> {
        let described = described || source.annotations.contains_key("description");
        let mut parts = match &source.kind {
            Kind::Reference(pointer) => self.reference(pointer, described),
            Kind::Listed(values) => self.listed(values),
            Kind::List(list) => vec![self.list(list, &source.keywords)],
            Kind::Object(object) => vec![self.object(object, &source.keywords)],
            kind => vec![(self.demanding(kind.clone(), &source.keywords), Back::Same)],
        };
        let kept = match &source.kind {
            Kind::Reference(_) | Kind::Listed(_) => self.kept(&source.keywords).0,
            _ => Keywords::new(),
        };
        let annotations = self.annotations(&source.annotations);
        for (said, _) in &mut parts {
            said.keywords.extend(kept.clone());
        }
        if let Some((first, _)) = parts.first_mut() {
            first.annotations = merged(annotations, std::mem::take(&mut first.annotations));
        }
        parts
    }

    /// Puts alternatives together.
    pub(crate) fn union(&mut self, mut parts: Vec<Said<Alternative>>) -> Said<Node> {
        parts.dedup();
        if self.are_mistaken(&parts) {
            self.change("anyOf", Effect::Narrower, "has values that could be meant in two ways");
        }
        if self.rules.openapi && parts.iter().all(|(it, _)| it.kind == Kind::Null) {
            parts = vec![(Kind::Listed(vec![json!("null")]).into(), Back::Text)];
        }
        let alike = parts.len() == 1 || parts.iter().all(|(_, back)| *back == Back::Same);
        let (any_of, back) = if alike {
            let (any_of, mut backs): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            (any_of, backs.pop().unwrap_or(Back::Same))
        } else {
            (parts.iter().map(|(said, _)| said.clone()).collect(), Back::Any(parts))
        };
        (Node { any_of, ..Node::default() }, back)
    }

    /// Whether what is said may fit two alternatives that mean different things by it.
    fn are_mistaken(&self, parts: &[Said<Alternative>]) -> bool {
        let differ = parts.iter().any(|(_, back)| *back != parts[0].1);
        let mistaken = |(at, (one, back)): (usize, &Said<Alternative>)| {
            parts[..at].iter().any(|(other, undo)| undo != back && self.overlap(one, other))
        };
        // In a long union some surely may.
        differ && (parts.len() > COMPARED || parts.iter().enumerate().any(mistaken))
    }

    fn overlap(&self, one: &Alternative, other: &Alternative) -> bool {
        match (&one.kind, &other.kind) {
            (Kind::Reference(name), kind) | (kind, Kind::Reference(name)) => {
                let mut named = self.names.iter().filter(|(_, other)| *other == name);
                let node = named.next().and_then(|(pointer, _)| self.definitions.get(*pointer));
                node.is_none_or(|node| node.may_be_said_as(kind))
            }
            _ => one.overlaps(other),
        }
    }

    /// Adds what changes nothing about which values fit.
    pub(crate) fn describe(&mut self, said: &mut Node, source: &Keywords) {
        let annotations = self.annotations(source);
        let place = match &mut said.any_of[..] {
            [one] => &mut one.annotations,
            _ => &mut said.annotations,
        };
        *place = merged(annotations, std::mem::take(place));
    }

    /// A value of any type.
    pub(crate) fn any(&mut self) -> Vec<Said<Alternative>> {
        if self.rules.keywords.is_none() {
            return Node::any().any_of.into_iter().map(|it| (it, Back::Same)).collect();
        }
        self.change("type", Effect::Same, "may be any, and so it is said as a text of JSON");
        vec![(text(), Back::Text)]
    }

    /// What the provider has no schema for.
    pub(crate) fn opaque(&mut self, keyword: &str, reason: &'static str) -> Said<Alternative> {
        self.change(keyword, Effect::Wider, reason);
        (text(), Back::Text)
    }

    /// A reference, or what it leads to in its place.
    fn reference(&mut self, pointer: &'a str, described: bool) -> Vec<Said<Alternative>> {
        let circular = self.is_circular(pointer);
        let kept = match self.rules.references {
            References::None => false,
            References::Straight => !circular && !described,
            // Beside a reference there is no place for a description.
            References::All => circular || !described,
        };
        if kept {
            let name = self.define(pointer);
            return vec![(Kind::Reference(name.clone()).into(), Back::Definition(name))];
        }
        if self.open.contains(&pointer) {
            return vec![self.opaque("$ref", "leads back to itself, and so is said as JSON")];
        }
        self.open.push(pointer);
        let (node, back) = self.definition(pointer);
        self.open.pop();
        match back {
            Back::Any(parts) => parts,
            back => node.into_alternatives().into_iter().map(|it| (it, back.clone())).collect(),
        }
    }

    fn definition(&mut self, pointer: &str) -> Said<Node> {
        match self.definitions.get(pointer) {
            Some(node) => self.node(node),
            None => (Node::any(), Back::Same),
        }
    }

    /// Whether a definition leads back to itself.
    fn is_circular(&mut self, pointer: &'a str) -> bool {
        if let Some(circular) = self.circular.get(pointer) {
            return *circular;
        }
        let (mut seen, mut next) = (BTreeSet::new(), vec![pointer]);
        while let Some(led) = next.pop().and_then(|pointer| self.leads.get(pointer)) {
            next.extend(led.iter().filter(|pointer| seen.insert(**pointer)));
            let cost = 1 + led.len();
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
        if name.is_empty() || !self.taken.insert(name.clone()) {
            let mut numbered = (self.names.len()..).map(|number| format!("{name}_{number}"));
            name = numbered.find(|name| self.taken.insert(name.clone())).unwrap_or_default();
        }
        self.names.insert(pointer, name.clone());
        self.pending.push((pointer, name.clone()));
        name
    }

    /// A type with what else is demanded, as far as the provider takes it; the rest is told.
    pub(crate) fn demanding(&mut self, kind: Kind, keywords: &Keywords) -> Alternative {
        let (keywords, lost) = self.kept(keywords);
        Alternative { keywords, annotations: described(&lost), ..Alternative::from(kind) }
    }

    /// What the provider takes of the keywords, and what it does not.
    fn kept(&mut self, keywords: &Keywords) -> (Keywords, Keywords) {
        let (mut kept, mut lost) = (Keywords::new(), Keywords::new());
        for (keyword, value) in keywords {
            let fits = match &**keyword {
                "format" => self.rules.takes_format(value),
                // Of these, a provider may take but the least.
                "minItems" if self.rules.limits.unions != usize::MAX => {
                    [json!(0), json!(1)].contains(value)
                }
                _ => !refers(value),
            };
            if fits && self.rules.takes(keyword) {
                kept.insert(keyword.clone(), value.clone());
                continue;
            }
            let effect = if keyword == "format" { Effect::Same } else { Effect::Wider };
            self.change(keyword, effect, "is not taken");
            lost.insert(keyword.clone(), value.clone());
        }
        (kept, lost)
    }

    /// The same for what changes nothing about which values fit.
    fn annotations(&mut self, source: &Keywords) -> Keywords {
        let (mut kept, mut lost) = (Keywords::new(), Keywords::new());
        for (keyword, value) in source {
            let located = matches!(&**keyword, "$id" | "$anchor" | "$dynamicAnchor");
            if self.rules.takes(keyword) && !located {
                kept.insert(keyword.clone(), value.clone());
                continue;
            }
            self.change(keyword, Effect::Same, "is not taken");
            if keyword == "default" {
                lost.insert(keyword.clone(), value.clone());
            }
        }
        merged(kept, described(&lost))
    }

    pub(crate) fn spend(&mut self, cost: usize) -> bool {
        self.budget = self.budget.saturating_sub(cost);
        self.budget > 0
    }

    pub(crate) fn change(&mut self, keyword: &str, effect: Effect, reason: &'static str) {
        self.report.change(keyword, effect, reason);
    }

    pub(crate) fn within<T>(&mut self, step: String, write: impl FnOnce(&mut Self) -> T) -> T {
        self.report.enter(step);
        let written = write(self);
        self.report.leave();
        written
    }
}
