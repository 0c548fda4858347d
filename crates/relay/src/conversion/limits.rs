//! The limits of providers on the size of a whole schema.

use serde_json::Value;

/// The limits of a provider on one schema.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) members: usize,
    /// The number of members that are not required.
    pub(super) optional: usize,
    /// The number of `anyOf`s, and of `type`s with several names.
    pub(super) unions: usize,
    /// The number of values in all `enum`s.
    pub(super) values: usize,
    /// The number of characters of all names and `enum` values.
    pub(super) characters: usize,
}

pub(super) const UNLIMITED: Limits = Limits {
    members: usize::MAX,
    optional: usize::MAX,
    unions: usize::MAX,
    values: usize::MAX,
    characters: usize::MAX,
};

impl Limits {
    /// Returns whether a schema is within the limits.
    pub(super) fn allow(&self, schema: &Value) -> bool {
        let mut count = Self::default();
        count.add(schema);
        count.members <= self.members
            && count.optional <= self.optional
            && count.unions <= self.unions
            && count.values <= self.values
            && count.characters <= self.characters
    }

    /// Counts a printed schema, in which each object is a schema or a map of schemas.
    fn add(&mut self, schema: &Value) {
        let names = |keyword: &str| schema.get(keyword).and_then(Value::as_object);
        let array = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
        for map in ["properties", "$defs"].into_iter().filter_map(names) {
            self.characters += map.keys().map(|name| name.chars().count()).sum::<usize>();
            map.values().for_each(|schema| self.add(schema));
        }
        if let Some(members) = names("properties") {
            self.members += members.len();
            self.optional += members.len() - array("required").map_or(0, Vec::len);
        }
        if let Some(values) = array("enum") {
            self.values += values.len();
            let texts = values.iter().filter_map(Value::as_str);
            self.characters += texts.map(|text| text.chars().count()).sum::<usize>();
        }
        self.unions += usize::from(array("anyOf").is_some() || array("type").is_some());
        let parts = ["anyOf", "prefixItems"].into_iter().filter_map(array).flatten();
        let inner = ["items", "additionalProperties"].into_iter().filter_map(|it| schema.get(it));
        parts.chain(inner).for_each(|schema| self.add(schema));
    }
}
