//! A parsed schema. Its keywords are grouped by the type of value that they apply to.

use std::{cmp::Ordering, fmt};

use super::{json_text::JsonType, number::Decimal};

/// A parsed schema, which validates values.
#[derive(Debug)]
pub(crate) struct Validator {
    pub(super) rules: Vec<Rule>,
    pub(super) root: Subschema,
}

/// A subschema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subschema {
    /// Every value is valid.
    Any,
    /// No value is valid.
    Never,
    /// The subschema cannot be evaluated.
    Unknown,
    /// The rule at this index.
    Rule(usize),
}

/// The keywords of one schema object. A keyword that is absent requires nothing.
#[derive(Debug, Default)]
pub(super) struct Rule {
    /// True if some keywords cannot be evaluated.
    pub(super) has_unknown: bool,
    /// True if `nullable` of OpenAPI allows null.
    pub(super) nullable: bool,
    pub(super) types: Option<Types>,
    /// `const`.
    pub(super) constant: Option<AllowedValues>,
    /// `enum`.
    pub(super) enum_values: Option<AllowedValues>,
    pub(super) bounds: Vec<NumberBound>,
    /// The length of a string, in characters.
    pub(super) length: Option<CountRange>,
    /// True if there is a `pattern`, which is not evaluated.
    pub(super) has_pattern: bool,
    pub(super) array: Option<Box<Array>>,
    pub(super) object: Option<Box<Object>>,
    /// Subschemas for the same value, such as those of `allOf`.
    pub(super) applicators: Vec<Applicator>,
}

/// The types that `type` lists.
#[derive(Debug)]
pub(super) struct Types {
    pub(super) allowed: Vec<JsonType>,
    /// True if `integer` is one of them.
    pub(super) integer: bool,
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let integer = self.integer.then(|| "an integer".to_owned());
        let names: Vec<_> =
            integer.into_iter().chain(self.allowed.iter().map(JsonType::to_string)).collect();
        match &names[..] {
            [] => f.write_str("no type"),
            [only] => f.write_str(only),
            [first @ .., last] => write!(f, "{} or {last}", first.join(", ")),
        }
    }
}

/// The values of `enum` or `const`: strings, and other values in canonical form. Both are sorted.
#[derive(Debug, Default)]
pub(super) struct AllowedValues {
    pub(super) strings: Vec<Box<str>>,
    pub(super) others: Vec<Box<str>>,
}

/// A function that returns whether an ordering of the value and the bound is accepted.
pub(super) type Accepts = fn(Ordering) -> bool;

/// A bound of a number, or a `multipleOf`.
#[derive(Debug)]
pub(super) struct NumberBound {
    pub(super) keyword: &'static str,
    pub(super) bound: Decimal,
    /// The accepted orderings. `None` for `multipleOf`.
    pub(super) order: Option<Accepts>,
}

impl NumberBound {
    /// Returns whether a number meets the bound. `None` if this cannot be decided.
    pub(super) fn is_met_by(&self, number: Decimal) -> Option<bool> {
        match self.order {
            Some(accepts) => number.compare(self.bound).map(accepts),
            None => number.is_multiple(self.bound),
        }
    }
}

impl fmt::Display for NumberBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.keyword {
            "minimum" => "at least",
            "exclusiveMinimum" => "more than",
            "maximum" => "at most",
            "exclusiveMaximum" => "less than",
            _ => "a multiple of",
        };
        write!(f, "{words} {}", self.bound.in_decimal_notation())
    }
}

/// A minimum and a maximum count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CountRange {
    pub(super) min: usize,
    pub(super) max: usize,
}

impl CountRange {
    pub(super) const ANY: Self = Self { min: 0, max: usize::MAX };
}

impl fmt::Display for CountRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { min, max: usize::MAX } => write!(f, "at least {min}"),
            Self { min: 0, max } => write!(f, "at most {max}"),
            Self { min, max } => write!(f, "{min} to {max}"),
        }
    }
}

/// The keywords of arrays.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) size: CountRange,
    /// `prefixItems`.
    pub(super) prefix_items: Vec<Subschema>,
    /// The items after those of `prefix_items`.
    pub(super) items: Subschema,
    /// `contains`, with `minContains` and `maxContains`.
    pub(super) contains: Option<(Subschema, CountRange)>,
    pub(super) unique: bool,
}

/// The keywords of objects.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) size: CountRange,
    /// The properties that the schema names, sorted by name.
    pub(super) properties: Vec<Property>,
    /// The number of required properties.
    pub(super) required: usize,
    /// True if there is a `patternProperties`, which is not evaluated.
    pub(super) has_patterns: bool,
    /// The members without their own subschema: `additionalProperties`.
    pub(super) additional: Subschema,
    /// `propertyNames`.
    pub(super) property_names: Subschema,
    /// The requirements that apply if the object has a member with this name.
    pub(super) dependencies: Vec<(Box<str>, Dependency)>,
}

impl Object {
    /// Sorts the properties by name, and merges those with the same name.
    pub(super) fn sort_and_merge(&mut self) {
        self.properties.sort_by(|one, other| one.name.cmp(&other.name));
        self.properties.dedup_by(|next, kept| {
            let same = next.name == kept.name;
            if same {
                kept.rule = kept.rule.or(next.rule);
                kept.required |= next.required;
            }
            same
        });
        self.required = self.properties.iter().filter(|property| property.required).count();
    }

    /// Returns the property with this name.
    pub(super) fn property(&self, name: &str) -> Option<&Property> {
        // In a short list, comparing lengths is fast, because most names differ in length.
        const MAX_LINEAR: usize = 16;
        if self.properties.len() <= MAX_LINEAR {
            return self.properties.iter().find(|property| *property.name == *name);
        }
        let found = self.properties.binary_search_by(|property| (*property.name).cmp(name));
        found.ok().map(|index| &self.properties[index])
    }
}

/// A property that the schema names.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: Box<str>,
    pub(super) rule: Option<Subschema>,
    pub(super) required: bool,
}

/// A requirement that applies if the object has a certain member.
#[derive(Debug)]
pub(super) enum Dependency {
    /// Other members are required.
    Names(Vec<Box<str>>),
    /// The object must be valid by this subschema.
    Rule(Subschema),
}

/// A keyword that applies subschemas to the same value.
#[derive(Debug)]
pub(super) enum Applicator {
    All(Vec<Subschema>),
    Any(Vec<Subschema>),
    One(Vec<Subschema>),
    Not(Subschema),
    If { condition: Subschema, then: Subschema, otherwise: Subschema },
}
