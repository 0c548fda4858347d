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

#[cfg(test)]
mod tests {
    use mcp_types::Schema;
    use serde_json::json;

    use super::*;
    use crate::conversion::{Provider, ProviderSchema};

    /// Returns whether the schema of one tool stays an object with the members of the tool, and
    /// none of them becomes a JSON text.
    fn is_converted(provider: Provider, properties: &Value) -> bool {
        let required: Vec<_> = properties.as_object().unwrap().keys().collect();
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        let converted = ProviderSchema::new(provider, &Schema::from_value(schema).unwrap());
        !converted.changes().iter().any(|change| change.to_string().contains("JSON"))
    }

    #[test]
    fn enums_of_openai_strict_have_at_most_1000_values() {
        let values = |count| (0..count).map(|value| json!(format!("v{value}"))).collect();
        let one = |count| json!({ "a": { "type": "string", "enum": Value::Array(values(count)) } });
        for provider in [Provider::OpenAiChatStrict, Provider::OpenAiResponsesStrict] {
            assert!(is_converted(provider, &one(1000)));
            assert!(!is_converted(provider, &one(1001)));
        }
        assert!(is_converted(Provider::OpenAiChat, &one(1001)));
        assert!(is_converted(Provider::AnthropicStrict, &one(1001)));
    }

    #[test]
    fn long_enums_of_openai_strict_have_at_most_15000_characters() {
        let values = |count: usize, length| {
            (0..count).map(|value| json!(format!("{value:length$}"))).collect()
        };
        let one = |count, length| json!({ "a": { "enum": Value::Array(values(count, length)) } });
        assert!(is_converted(Provider::OpenAiChatStrict, &one(250, 61)));
        assert!(is_converted(Provider::OpenAiChatStrict, &one(251, 59)));
        assert!(!is_converted(Provider::OpenAiChatStrict, &one(251, 60)));
    }

    #[test]
    fn a_schema_is_allowed_up_to_each_limit() {
        let members = |count: usize| -> Value {
            let members =
                (0..count).map(|name| (format!("{name:03}"), json!({ "type": "string" })));
            json!({ "properties": members.collect::<serde_json::Map<_, _>>() })
        };
        let unions = |count| json!({ "prefixItems": vec![json!({ "anyOf": [{}] }); count] });
        let values = |count| json!({ "enum": vec!["abc"; count] });
        for (limits, schema) in [
            (Limits { members: 2, ..UNLIMITED }, members as fn(usize) -> Value),
            (Limits { optional: 2, ..UNLIMITED }, members),
            (Limits { unions: 2, ..UNLIMITED }, unions),
            (Limits { values: 2, ..UNLIMITED }, values),
            (Limits { characters: 6, ..UNLIMITED }, values),
            (Limits { characters: 6, ..UNLIMITED }, members),
        ] {
            assert!(limits.allow(&schema(2)), "{limits:?}");
            assert!(!limits.allow(&schema(3)), "{limits:?}");
        }
        let mut required = members(3);
        required["required"] = json!(["000"]);
        assert!(Limits { optional: 2, ..UNLIMITED }.allow(&required));
        let nested = json!({ "items": members(2), "additionalProperties": members(1) });
        assert!(!Limits { members: 2, ..UNLIMITED }.allow(&nested));
    }
}
