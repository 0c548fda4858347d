//! The dialects of JSON Schema and their keywords.

use serde_json::Value;

use super::violation::UnknownDialect;

/// The dialects of JSON Schema, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dialect {
    Draft4,
    Draft6,
    Draft7,
    Draft2019,
    Draft2020,
}

impl Dialect {
    /// Returns the dialect that `$schema` names. Defaults to 2020-12.
    pub(super) fn of(schema: &Value) -> Result<Self, UnknownDialect> {
        let Some(named) = schema.get("$schema") else { return Ok(Self::Draft2020) };
        let name = named.as_str().unwrap_or_default();
        let path = name.split_once("://").map_or(name, |(_, path)| path).trim_end_matches('#');
        match path {
            "json-schema.org/draft/2020-12/schema" | "json-schema.org/schema" => {
                Ok(Self::Draft2020)
            }
            "json-schema.org/draft/2019-09/schema" => Ok(Self::Draft2019),
            "json-schema.org/draft-07/schema" => Ok(Self::Draft7),
            "json-schema.org/draft-06/schema" => Ok(Self::Draft6),
            "json-schema.org/draft-04/schema" => Ok(Self::Draft4),
            _ => Err(UnknownDialect(named.to_string())),
        }
    }

    /// Returns whether the dialect has a keyword. Other keywords count as annotations.
    pub(super) fn has(self, keyword: &str) -> bool {
        match keyword {
            "const" | "contains" | "propertyNames" => self >= Self::Draft6,
            "if" => self >= Self::Draft7,
            "dependentRequired"
            | "dependentSchemas"
            | "minContains"
            | "maxContains"
            | "unevaluatedItems"
            | "unevaluatedProperties" => self >= Self::Draft2019,
            "prefixItems" | "$dynamicRef" => self >= Self::Draft2020,
            "$recursiveRef" => self == Self::Draft2019,
            "additionalItems" => self <= Self::Draft2019,
            _ => true,
        }
    }

    /// Returns the keyword that gives a subschema its own base URI.
    pub(super) fn id(self) -> &'static str {
        if self == Self::Draft4 { "id" } else { "$id" }
    }
}
