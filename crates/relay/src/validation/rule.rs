//! A parsed schema: its keywords, grouped by the type of value that they apply to.

use std::cmp::Ordering;

use super::{json_text::Kind, number::Decimal};

/// A schema, ready to judge by.
#[derive(Debug)]
pub(crate) struct Validator {
    pub(super) all: Vec<Rule>,
    pub(super) root: Subschema,
}

/// What a schema says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subschema {
    /// Anything fits.
    Any,
    /// Nothing fits.
    Never,
    /// Nobody can tell.
    Unknown,
    /// The rule at this place.
    Rule(usize),
}

/// What a value has to meet. What is not there is not demanded.
#[derive(Debug, Default)]
pub(super) struct Rule {
    /// Whether there is more to it that cannot be judged.
    pub(super) open: bool,
    pub(super) types: Option<Types>,
    /// `const`.
    pub(super) constant: Option<AllowedValues>,
    /// `enum`.
    pub(super) listed: Option<AllowedValues>,
    pub(super) number: Vec<NumberBound>,
    /// The length of a string, in characters.
    pub(super) string: Option<CountRange>,
    /// Whether strings have to match a pattern, which cannot be judged.
    pub(super) pattern: bool,
    pub(super) array: Option<Box<Array>>,
    pub(super) object: Option<Box<Object>>,
    /// Rules for the same value.
    pub(super) applied: Vec<Applicator>,
}

/// `type`: any of these.
#[derive(Debug)]
pub(super) struct Types {
    pub(super) kinds: Vec<Kind>,
    /// Whether numbers without a fraction are among them.
    pub(super) integer: bool,
    /// As the schema writes it.
    pub(super) shown: Box<str>,
}

/// Values that are allowed: texts, and others in their canonical form, each sorted.
#[derive(Debug, Default)]
pub(super) struct AllowedValues {
    pub(super) texts: Vec<Box<str>>,
    pub(super) others: Vec<Box<str>>,
}

/// Whether a number will do that is in this order with another.
pub(super) type Accepts = fn(Ordering) -> bool;

/// What a number has to be next to this one.
#[derive(Debug)]
pub(super) struct NumberBound {
    pub(super) keyword: &'static str,
    pub(super) bound: Decimal,
    /// Which order of the two will do; nothing where it has to be a multiple.
    pub(super) order: Option<Accepts>,
}

impl NumberBound {
    /// Whether a number meets it, if that can be told.
    pub(super) fn is_met_by(&self, number: Decimal) -> Option<bool> {
        match self.order {
            Some(accepts) => number.compare(self.bound).map(accepts),
            None => number.is_multiple(self.bound),
        }
    }
}

/// From how many to how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CountRange {
    pub(super) least: usize,
    pub(super) most: usize,
}

impl CountRange {
    pub(super) const ANY: Self = Self { least: 0, most: usize::MAX };
}

/// What an array has to meet.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) size: CountRange,
    /// For each of the first items.
    pub(super) first: Vec<Subschema>,
    /// For those that follow.
    pub(super) rest: Subschema,
    /// What so many items have to fit.
    pub(super) contains: Option<(Subschema, CountRange)>,
    pub(super) unique: bool,
}

/// What an object has to meet.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) size: CountRange,
    /// Members that the schema knows, sorted by name.
    pub(super) named: Vec<Property>,
    /// How many of them are required.
    pub(super) required: usize,
    /// Whether there are rules for names that nobody can match.
    pub(super) patterns: bool,
    /// For members that have no rule of their own.
    pub(super) others: Subschema,
    /// For the names of all members.
    pub(super) names: Subschema,
    /// What counts if a member of this name is there.
    pub(super) dependent: Vec<(Box<str>, Dependency)>,
}

impl Object {
    /// Sorts the members that are known, and makes one of those that are there twice.
    pub(super) fn sort_and_merge(&mut self) {
        self.named.sort_by(|one, other| one.name.cmp(&other.name));
        self.named.dedup_by(|next, kept| {
            let same = next.name == kept.name;
            if same {
                kept.rule = kept.rule.or(next.rule);
                kept.required |= next.required;
            }
            same
        });
        self.required = self.named.iter().filter(|named| named.required).count();
    }

    /// What is known of the member of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Property> {
        // Of a few, most are told apart by their length alone.
        const FEW: usize = 16;
        if self.named.len() <= FEW {
            return self.named.iter().find(|named| *named.name == *name);
        }
        let found = self.named.binary_search_by(|named| (*named.name).cmp(name));
        found.ok().map(|place| &self.named[place])
    }
}

/// A member that the schema knows.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: Box<str>,
    pub(super) rule: Option<Subschema>,
    pub(super) required: bool,
}

#[derive(Debug)]
pub(super) enum Dependency {
    /// Other members have to be there.
    Names(Vec<Box<str>>),
    /// The object has to fit.
    Rule(Subschema),
}

/// Rules for the same value.
#[derive(Debug)]
pub(super) enum Applicator {
    All(Vec<Subschema>),
    Any(Vec<Subschema>),
    One(Vec<Subschema>),
    Not(Subschema),
    If { condition: Subschema, then: Subschema, otherwise: Subschema },
}
