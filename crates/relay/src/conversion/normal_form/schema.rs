//! The normal form of a schema: a union of alternatives of one type each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::conversion::change::ChangeEffect;

/// Keywords with their values.
pub(crate) type Keywords = Map<String, Value>;
/// A change made while reading: the keyword, the effect and the reason.
pub(crate) type Note = (String, ChangeEffect, &'static str);

/// A schema: a value is valid if it is valid by one of the alternatives.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) any_of: Vec<Alternative>,
    /// Keywords for values of all types that are not evaluated, such as `not`.
    pub(crate) rest: Keywords,
    /// Keywords that do not change which values are valid.
    pub(crate) annotations: Keywords,
    pub(crate) notes: BTreeSet<Note>,
}

/// Values of one type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alternative {
    pub(crate) kind: Kind,
    /// Whether the schema names no type, so that this is one of all types.
    pub(crate) assumed: bool,
    /// The other keywords of the type.
    pub(crate) keywords: Keywords,
    pub(crate) annotations: Keywords,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number {
        integer: bool,
    },
    String,
    List(List),
    Object(Object),
    /// The values of an `enum`.
    Enumeration(Vec<Value>),
    /// The definition at this pointer.
    Reference(String),
}

/// The first items, then all others. `None` if these may be any value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct List {
    pub(crate) first: Vec<Node>,
    pub(crate) items: Option<Box<Node>>,
}

/// The members by name, then all others. `None` if these may be any value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Object {
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) others: Option<Box<Node>>,
}

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

    /// Any value is valid.
    pub(crate) fn any() -> Self {
        let assumed = |kind| Alternative { assumed: true, ..Alternative::from(kind) };
        Self { any_of: Kind::all().map(assumed).into(), ..Self::default() }
    }

    /// No value is valid.
    pub(crate) fn never() -> Self {
        Self::default()
    }

    pub(crate) fn is_any(&self) -> bool {
        let all = Kind::all().len();
        self.rest.is_empty() && self.any_of.iter().filter(|it| it.is_unstated()).count() >= all
    }

    pub(crate) fn is_never(&self) -> bool {
        self.any_of.is_empty()
    }

    /// Returns whether some value may look like a value of this type after conversion.
    pub(crate) fn may_look_like(&self, kind: &Kind) -> bool {
        let plain = matches!(kind, Kind::Null | Kind::Boolean | Kind::Number { .. });
        let same = |own: &Kind| std::mem::discriminant(own) == std::mem::discriminant(kind);
        let unclear = |own: &Kind| matches!(own, Kind::Enumeration(_) | Kind::Reference(_));
        !plain || self.any_of.iter().any(|it| same(&it.kind) || unclear(&it.kind))
    }

    /// The pointer, if the schema is a reference only.
    pub(crate) fn referred(&self) -> Option<&str> {
        match &self.any_of[..] {
            [Alternative { kind: Kind::Reference(pointer), .. }] => Some(pointer),
            _ => None,
        }
    }

    /// The references among the alternatives.
    pub(crate) fn needed(&self) -> impl Iterator<Item = &str> {
        self.any_of.iter().filter_map(|alternative| match &alternative.kind {
            Kind::Reference(pointer) => Some(&**pointer),
            _ => None,
        })
    }

    pub(crate) fn note(&mut self, keyword: &str, effect: ChangeEffect, reason: &'static str) {
        self.notes.insert((keyword.to_owned(), effect, reason));
    }

    /// Returns the alternatives, for use in another schema.
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

    /// Collects the references, at any depth.
    pub(crate) fn references<'a>(&'a self, found: &mut Vec<&'a str>) {
        for alternative in &self.any_of {
            match &alternative.kind {
                Kind::Reference(pointer) => found.push(pointer),
                kind => kind.nodes().for_each(|node| node.references(found)),
            }
        }
    }

    /// The cost of a copy.
    pub(crate) fn weight(&self) -> usize {
        let own = 1 + weigh(&self.rest) + weigh(&self.annotations);
        own + self.any_of.iter().map(Alternative::weight).sum::<usize>()
    }

    /// The cost of a copy without the subschemas.
    pub(crate) fn own_weight(&self) -> usize {
        let own = 1 + weigh(&self.rest) + weigh(&self.annotations);
        own + self.any_of.iter().map(Alternative::own_weight).sum::<usize>()
    }
}

impl Alternative {
    fn is_text(&self) -> bool {
        match &self.kind {
            Kind::Enumeration(values) => values.iter().all(Value::is_string),
            kind => *kind == Kind::String,
        }
    }

    /// Returns whether some value may be valid by both, if neither is a reference.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Enumeration(one), Kind::Enumeration(other)) => {
                one.iter().any(|it| other.contains(it))
            }
            (Kind::List(_), Kind::List(_)) => true,
            (Kind::Object(one), Kind::Object(other)) => !one.is_disjoint(other),
            _ => self.is_text() && other.is_text(),
        }
    }

    /// Returns whether the alternative is there only because the schema names no type.
    pub(crate) fn is_unstated(&self) -> bool {
        self.assumed && self.is_bare()
    }

    /// Returns whether nothing but the type is demanded.
    fn is_bare(&self) -> bool {
        self.keywords.is_empty()
            && match &self.kind {
                Kind::List(list) => *list == List::default(),
                Kind::Object(object) => *object == Object::default(),
                Kind::Enumeration(_) | Kind::Reference(_) => false,
                Kind::Null | Kind::Boolean | Kind::String | Kind::Number { .. } => true,
            }
    }

    pub(crate) fn weight(&self) -> usize {
        self.own_weight() + self.kind.nodes().map(Node::weight).sum::<usize>()
    }

    fn own_weight(&self) -> usize {
        let listed = match &self.kind {
            Kind::Enumeration(values) => values.iter().map(weight).sum(),
            _ => 0,
        };
        1 + weigh(&self.keywords) + weigh(&self.annotations) + listed
    }
}

impl Kind {
    /// All types, without further keywords.
    pub(crate) fn all() -> [Self; 6] {
        [
            Self::Null,
            Self::Boolean,
            Self::Number { integer: false },
            Self::String,
            Self::List(List::default()),
            Self::Object(Object::default()),
        ]
    }
}

impl Kind {
    /// The direct subschemas.
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        let (first, members, others) = match self {
            Self::List(list) => (Some(&list.first), None, &list.items),
            Self::Object(object) => (None, Some(&object.members), &object.others),
            _ => (None, None, &None),
        };
        let members = members.into_iter().flatten().map(|(_, member)| &member.node);
        first.into_iter().flatten().chain(members).chain(others.as_deref())
    }
}

impl List {
    /// The schema of an item. `None` if it may be any value.
    pub(crate) fn at(&self, index: usize) -> Option<&Node> {
        self.first.get(index).or(self.items.as_deref())
    }
}

impl Object {
    /// The schema of a member. `None` if it may be any value.
    pub(crate) fn at(&self, name: &str) -> Option<&Node> {
        self.members.get(name).map(|member| &member.node).or(self.others.as_deref())
    }

    /// Returns whether no other members are allowed.
    pub(crate) fn is_closed(&self) -> bool {
        self.others.as_deref().is_some_and(Node::is_never)
    }

    /// Returns whether the values of a required member tell the two objects apart.
    fn is_disjoint(&self, other: &Self) -> bool {
        let tag = |object: &Self, name: &String| match &object.members.get(name)?.node.any_of[..] {
            [Alternative { kind: Kind::Enumeration(values), .. }] => Some(values.clone()),
            _ => None,
        };
        self.members.iter().filter(|(_, member)| member.required).any(|(name, _)| {
            let tags = (tag(self, name), tag(other, name));
            matches!(tags, (Some(one), Some(other)) if !one.iter().any(|it| other.contains(it)))
        })
    }

    /// Returns whether some member can be valid.
    pub(crate) fn has_members(&self) -> bool {
        self.members.values().any(|member| !member.node.is_never())
    }
}

impl From<Kind> for Alternative {
    fn from(kind: Kind) -> Self {
        let (keywords, annotations) = Default::default();
        Self { kind, assumed: false, keywords, annotations }
    }
}

/// Adds keywords that are not there yet.
pub(crate) fn add(own: &mut Keywords, others: Keywords) {
    for (keyword, value) in others {
        own.entry(keyword).or_insert(value);
    }
}

fn weigh(keywords: &Keywords) -> usize {
    keywords.values().map(weight).sum()
}

/// The cost of a copy of a value.
pub(crate) fn weight(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len() / 64,
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => weigh(members),
        _ => 0,
    }
}
