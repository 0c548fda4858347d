//! The types of the normal form.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::conversion::change::ChangeEffect;

/// Keywords with their values.
pub(crate) type Keywords = Map<String, Value>;
/// A change made while reading: the keyword, the effect and the reason.
pub(crate) type Note = (String, ChangeEffect, &'static str);

/// A schema. A value is valid if it is valid by one of the alternatives.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) any_of: Vec<Alternative>,
    /// Keywords for values of all types that are not evaluated, such as `not`.
    pub(crate) rest: Keywords,
    /// Keywords that do not change which values are valid.
    pub(crate) annotations: Keywords,
    /// The changes that were made while reading.
    pub(crate) notes: BTreeSet<Note>,
}

/// A schema for values of one type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alternative {
    pub(crate) kind: Kind,
    /// True if the schema names no type, so that there is one alternative for each type.
    pub(crate) implied: bool,
    /// The other keywords of the type.
    pub(crate) keywords: Keywords,
    pub(crate) annotations: Keywords,
}

/// The type of the values, with its subschemas.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number {
        integer: bool,
    },
    String,
    Array(Array),
    Object(Object),
    /// The values of an `enum`.
    Enum(Vec<Value>),
    /// The definition at this pointer.
    Reference(String),
}

/// The schemas of items. `items` is for those after `prefix_items`. `None` accepts any value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Array {
    pub(crate) prefix_items: Vec<Node>,
    pub(crate) items: Option<Box<Node>>,
}

/// The schemas of members by name. `others` is for all others. `None` accepts any value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Object {
    pub(crate) members: Members,
    pub(crate) others: Option<Box<Node>>,
}

/// The members of an object in the order of the server. Models write them in this order.
pub(crate) type Members = IndexMap<String, Member>;

/// The schema of a member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) node: Node,
    pub(crate) required: bool,
}

/// The definitions by pointer.
pub(crate) type Definitions = BTreeMap<String, Node>;

impl Node {
    pub(crate) fn of(kind: Kind) -> Self {
        Self { any_of: vec![kind.into()], ..Self::default() }
    }

    /// Creates a schema by which any value is valid.
    pub(crate) fn any() -> Self {
        let implied = |kind| Alternative { implied: true, ..Alternative::from(kind) };
        Self { any_of: Kind::all().map(implied).into(), ..Self::default() }
    }

    /// Creates a schema by which no value is valid.
    pub(crate) fn never() -> Self {
        Self::default()
    }

    /// Returns whether any value is valid.
    pub(crate) fn is_any(&self) -> bool {
        // Each type counts once, because a union may have several alternatives of a type.
        let has = |kind: &Kind| {
            let same = |own: &Kind| std::mem::discriminant(own) == std::mem::discriminant(kind);
            self.any_of.iter().any(|it| it.is_implied() && same(&it.kind))
        };
        self.rest.is_empty() && Kind::all().iter().all(has)
    }

    /// Returns whether no value is valid.
    pub(crate) fn is_never(&self) -> bool {
        self.any_of.is_empty()
    }

    /// Returns whether a value may have this type after conversion.
    pub(crate) fn may_look_like(&self, kind: &Kind) -> bool {
        let plain = matches!(kind, Kind::Null | Kind::Boolean | Kind::Number { .. });
        let same = |own: &Kind| std::mem::discriminant(own) == std::mem::discriminant(kind);
        let unclear = |own: &Kind| matches!(own, Kind::Enum(_) | Kind::Reference(_));
        !plain || self.any_of.iter().any(|it| same(&it.kind) || unclear(&it.kind))
    }

    /// Returns the pointer if the schema is only a reference.
    pub(crate) fn referred(&self) -> Option<&str> {
        match &self.any_of[..] {
            [Alternative { kind: Kind::Reference(pointer), .. }] => Some(pointer),
            _ => None,
        }
    }

    /// Returns the pointers of the alternatives that are references.
    pub(crate) fn needed(&self) -> impl Iterator<Item = &str> {
        self.any_of.iter().filter_map(|alternative| match &alternative.kind {
            Kind::Reference(pointer) => Some(&**pointer),
            _ => None,
        })
    }

    pub(crate) fn note(&mut self, keyword: &str, effect: ChangeEffect, reason: &'static str) {
        self.notes.insert((keyword.to_owned(), effect, reason));
    }

    /// Converts to alternatives for use in another schema.
    pub(crate) fn into_alternatives(self) -> Vec<Alternative> {
        let Self { mut any_of, rest, annotations, .. } = self;
        for alternative in &mut any_of {
            alternative.keywords.extend(rest.clone());
        }
        if let Some(first) = any_of.first_mut() {
            add(&mut first.annotations, annotations);
        }
        any_of
    }

    /// Collects the references at any depth.
    pub(crate) fn references<'a>(&'a self, found: &mut Vec<&'a str>) {
        for alternative in &self.any_of {
            match &alternative.kind {
                Kind::Reference(pointer) => found.push(pointer),
                kind => kind.nodes().for_each(|node| node.references(found)),
            }
        }
    }

    /// Returns the cost of a copy.
    pub(crate) fn copy_cost(&self) -> usize {
        let own = 1 + keywords_copy_cost(&self.rest) + keywords_copy_cost(&self.annotations);
        own + self.any_of.iter().map(Alternative::copy_cost).sum::<usize>()
    }

    /// Returns the cost of a copy without the subschemas.
    pub(crate) fn own_copy_cost(&self) -> usize {
        let own = 1 + keywords_copy_cost(&self.rest) + keywords_copy_cost(&self.annotations);
        own + self.any_of.iter().map(Alternative::own_copy_cost).sum::<usize>()
    }
}

impl Alternative {
    fn is_text(&self) -> bool {
        match &self.kind {
            Kind::Enum(values) => values.iter().all(Value::is_string),
            kind => *kind == Kind::String,
        }
    }

    /// Returns whether a value may be valid by both. Neither may be a reference.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Enum(one), Kind::Enum(other)) => one.iter().any(|it| other.contains(it)),
            (Kind::Array(_), Kind::Array(_)) => true,
            (Kind::Object(one), Kind::Object(other)) => !one.is_disjoint(other),
            _ => self.is_text() && other.is_text(),
        }
    }

    /// Returns whether the alternative exists only because the schema names no type.
    pub(crate) fn is_implied(&self) -> bool {
        self.implied && self.is_bare()
    }

    /// Returns whether the alternative has only a type.
    fn is_bare(&self) -> bool {
        self.keywords.is_empty()
            && match &self.kind {
                Kind::Array(array) => *array == Array::default(),
                Kind::Object(object) => *object == Object::default(),
                Kind::Enum(_) | Kind::Reference(_) => false,
                Kind::Null | Kind::Boolean | Kind::String | Kind::Number { .. } => true,
            }
    }

    pub(crate) fn copy_cost(&self) -> usize {
        self.own_copy_cost() + self.kind.nodes().map(Node::copy_cost).sum::<usize>()
    }

    fn own_copy_cost(&self) -> usize {
        let listed = match &self.kind {
            Kind::Enum(values) => values.iter().map(copy_cost).sum(),
            _ => 0,
        };
        1 + keywords_copy_cost(&self.keywords) + keywords_copy_cost(&self.annotations) + listed
    }
}

impl Kind {
    /// Returns all types, without further keywords.
    pub(crate) fn all() -> [Self; 6] {
        [
            Self::Null,
            Self::Boolean,
            Self::Number { integer: false },
            Self::String,
            Self::Array(Array::default()),
            Self::Object(Object::default()),
        ]
    }
}

impl Kind {
    /// Returns the direct subschemas.
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        let (first, members, others) = match self {
            Self::Array(array) => (Some(&array.prefix_items), None, &array.items),
            Self::Object(object) => (None, Some(&object.members), &object.others),
            _ => (None, None, &None),
        };
        let members = members.into_iter().flatten().map(|(_, member)| &member.node);
        first.into_iter().flatten().chain(members).chain(others.as_deref())
    }
}

impl Array {
    /// Returns the schema of an item. `None` if any value is valid.
    pub(crate) fn at(&self, index: usize) -> Option<&Node> {
        self.prefix_items.get(index).or(self.items.as_deref())
    }
}

impl Object {
    /// Returns the schema of a member. `None` if any value is valid.
    pub(crate) fn at(&self, name: &str) -> Option<&Node> {
        self.members.get(name).map(|member| &member.node).or(self.others.as_deref())
    }

    /// Returns whether members without a name in the schema are not allowed.
    pub(crate) fn is_closed(&self) -> bool {
        self.others.as_deref().is_some_and(Node::is_never)
    }

    /// Returns whether the objects differ in the `enum` values of a required member.
    fn is_disjoint(&self, other: &Self) -> bool {
        let tag = |object: &Self, name: &String| match &object.members.get(name)?.node.any_of[..] {
            [Alternative { kind: Kind::Enum(values), .. }] => Some(values.clone()),
            _ => None,
        };
        self.members.iter().filter(|(_, member)| member.required).any(|(name, _)| {
            let tags = (tag(self, name), tag(other, name));
            matches!(tags, (Some(one), Some(other)) if !one.iter().any(|it| other.contains(it)))
        })
    }

    /// Returns whether at least one member accepts a value.
    pub(crate) fn has_members(&self) -> bool {
        self.members.values().any(|member| !member.node.is_never())
    }
}

impl From<Kind> for Alternative {
    fn from(kind: Kind) -> Self {
        let (keywords, annotations) = Default::default();
        Self { kind, implied: false, keywords, annotations }
    }
}

/// Adds keywords that are missing.
pub(crate) fn add(own: &mut Keywords, others: Keywords) {
    for (keyword, value) in others {
        own.entry(keyword).or_insert(value);
    }
}

fn keywords_copy_cost(keywords: &Keywords) -> usize {
    keywords.values().map(copy_cost).sum()
}

/// Returns the cost of a copy of a value.
pub(crate) fn copy_cost(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len() / 64,
        Value::Array(items) => items.iter().map(copy_cost).sum(),
        Value::Object(members) => keywords_copy_cost(members),
        _ => 0,
    }
}
