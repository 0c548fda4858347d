//! Arguments of a tool that are repeated as HTTP headers `Mcp-Param-*` (MCP 2026-07-28,
//! server/tools, "`x-mcp-header`").

use std::collections::HashSet;

use mcp_types::{JsonObject, Schema, Truncated};
use serde_json::{Value, value::RawValue};

use crate::transport::BoxError;

/// The schema keyword that names the header of an argument.
const KEYWORD: &str = "x-mcp-header";

/// The largest integer that all JSON parsers represent exactly.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// An argument that is repeated as a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParamHeader {
    /// The name of the header, without its prefix.
    name: String,
    /// The property names that lead to the argument.
    path: Vec<String>,
}

impl ParamHeader {
    /// Finds the parameter headers in the input schema of a tool.
    ///
    /// # Errors
    /// Returns the reason if an annotation is invalid. A client must not use such a tool.
    pub(crate) fn of_schema(schema: &Schema) -> Result<Vec<Self>, String> {
        // Almost all schemas have none and are not parsed.
        if memchr::memmem::find(schema.as_str().as_bytes(), KEYWORD.as_bytes()).is_none() {
            return Ok(Vec::new());
        }
        let schema: Value = schema.parse().map_err(|error| error.to_string())?;
        let mut found = SchemaSearch::default();
        found.search(&schema, Some(&mut Vec::new()))?;
        Ok(found.headers)
    }

    /// Returns the names and values of the headers. An argument that is missing or null has no
    /// header.
    ///
    /// # Errors
    /// Returns an error if an argument cannot be sent as a header. The server would reject a call
    /// without it.
    pub(crate) fn values(
        headers: &[Self],
        arguments: &RawValue,
    ) -> Result<Vec<(String, String)>, BoxError> {
        if headers.is_empty() {
            return Ok(Vec::new());
        }
        let arguments: JsonObject = serde_json::from_str(arguments.get())?;
        let values = headers.iter().filter_map(|header| {
            let value = header.find(&arguments)?;
            Some(header.text(value).map(|text| (header.name.clone(), text)))
        });
        values.collect()
    }

    fn find<'a>(&self, arguments: &'a JsonObject) -> Option<&'a Value> {
        let (first, rest) = self.path.split_first()?;
        let first = arguments.get(first)?;
        let value = rest.iter().try_fold(first, |value, name| value.get(name))?;
        (!value.is_null()).then_some(value)
    }

    fn text(&self, value: &Value) -> Result<String, BoxError> {
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => integer(number).map(|number| number.to_string()),
            _ => None,
        };
        text.ok_or_else(|| {
            let path = self.path.join(".");
            format!(
                "argument {path:?}: expected a string, a boolean or an integer of at most 53 bits, \
                 because it is sent as the parameter header {:?}",
                self.name
            )
            .into()
        })
    }
}

/// Converts a number to an integer, even if it is written as a float.
fn integer(number: &serde_json::Number) -> Option<i64> {
    let integer = match number.as_i64() {
        Some(integer) => integer,
        None => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            // Exact within the limit. Larger values are rejected below.
            #[expect(clippy::cast_possible_truncation, reason = "the range is checked below")]
            let integer = float as i64;
            integer
        }
    };
    (-MAX_INTEGER..=MAX_INTEGER).contains(&integer).then_some(integer)
}

#[derive(Default)]
struct SchemaSearch {
    headers: Vec<ParamHeader>,
    names: HashSet<String>,
}

impl SchemaSearch {
    /// Searches a schema. `path` has the property names that lead to it, or is `None` if other
    /// keywords lead to it.
    fn search(&mut self, schema: &Value, mut path: Option<&mut Vec<String>>) -> Result<(), String> {
        let Value::Object(schema) = schema else { return Ok(()) };
        if let Some(name) = schema.get(KEYWORD) {
            self.add(name, schema, path.as_deref())?;
        }
        for (keyword, value) in schema {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    for (name, schema) in properties {
                        let Some(path) = path.as_deref_mut() else {
                            self.search(schema, None)?;
                            continue;
                        };
                        path.push(name.clone());
                        self.search(schema, Some(path))?;
                        path.pop();
                    }
                }
                // Data, even if it looks like a schema.
                ("default" | "examples" | "enum" | "const" | KEYWORD, _) => {}
                ("$defs" | "definitions" | "patternProperties" | "dependentSchemas", value) => {
                    for schema in value.as_object().into_iter().flat_map(JsonObject::values) {
                        self.search(schema, None)?;
                    }
                }
                (_, Value::Array(schemas)) => {
                    for schema in schemas {
                        self.search(schema, None)?;
                    }
                }
                (_, schema) => self.search(schema, None)?,
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: &Value,
        schema: &JsonObject,
        path: Option<&Vec<String>>,
    ) -> Result<(), String> {
        let invalid = |reason: &str| {
            let name = name.to_string();
            Err(format!("invalid \"{KEYWORD}\" {}: {reason}", Truncated(&name)))
        };
        let Some(name) = name.as_str().filter(|name| is_token(name)) else {
            return invalid("not a header name");
        };
        let Some(path) = path else {
            return invalid("the argument is not reachable through \"properties\" alone");
        };
        if !is_primitive(schema.get("type")) {
            return invalid("expected an argument of type string, integer or boolean");
        }
        if !self.names.insert(name.to_ascii_lowercase()) {
            return invalid("duplicate header name");
        }
        self.headers.push(ParamHeader { name: name.to_owned(), path: path.clone() });
        Ok(())
    }
}

/// Returns `true` if the type can be sent as a header. A list of types may also contain `null`,
/// which is not sent.
fn is_primitive(kind: Option<&Value>) -> bool {
    let primitive = |kind: &Value| matches!(kind.as_str(), Some("string" | "integer" | "boolean"));
    match kind {
        Some(Value::Array(kinds)) => {
            kinds.iter().any(primitive)
                && kinds.iter().all(|kind| primitive(kind) || kind.as_str() == Some("null"))
        }
        Some(kind) => primitive(kind),
        None => false,
    }
}

/// Returns `true` if the name is a token (RFC 9110, section 5.6.2).
fn is_token(name: &str) -> bool {
    let is_token_char =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_char)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn headers(schema: Value) -> Result<Vec<ParamHeader>, String> {
        ParamHeader::of_schema(&Schema::from_value(schema).unwrap())
    }

    fn values(schema: Value, arguments: &Value) -> Result<Vec<(String, String)>, String> {
        let arguments = serde_json::value::to_raw_value(arguments).unwrap();
        ParamHeader::values(&headers(schema).unwrap(), &arguments)
            .map_err(|error| error.to_string())
    }

    fn on(schema: Value) -> Value {
        let properties = JsonObject::from_iter([("a".to_owned(), schema)]);
        json!({ "type": "object", "properties": properties })
    }

    #[test]
    fn annotated_arguments_become_parameter_headers() {
        // N-HTTP-07, N-HTTP-08
        let schema = json!({ "type": "object", "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "count": { "type": "integer", "x-mcp-header": "Count" },
            "dry": { "type": ["boolean", "null"], "x-mcp-header": "Dry" },
            "in": { "type": "object", "properties": {
                "deep": { "type": "string", "x-mcp-header": "Deep" },
            } },
            "plain": { "type": "string" },
        } });
        let arguments = json!({
            "region": "eu", "count": 3.0, "dry": true, "in": { "deep": "" }, "plain": "x",
        });
        let all = [("Region", "eu"), ("Count", "3"), ("Dry", "true"), ("Deep", "")];
        let mut result = values(schema.clone(), &arguments).unwrap();
        let mut all = all.map(|(name, text)| (name.to_owned(), text.to_owned()));
        result.sort();
        all.sort();
        assert_eq!(result, all);
        let nothing = json!({ "region": null, "in": {}, "Count": 1 });
        assert_eq!(values(schema, &nothing).unwrap(), []);
    }

    #[test]
    fn an_argument_that_fits_no_header_is_an_error() {
        // N-HTTP-07
        let integer = on(json!({ "type": "integer", "x-mcp-header": "A" }));
        for good in [9_007_199_254_740_991_i64, -9_007_199_254_740_991] {
            assert_eq!(
                values(integer.clone(), &json!({ "a": good })).unwrap()[0].1,
                good.to_string()
            );
        }
        for bad in [
            json!(9_007_199_254_740_992_i64),
            json!(u64::MAX),
            json!(1.5),
            json!([1]),
            json!(1e300),
        ] {
            let error = values(integer.clone(), &json!({ "a": bad })).unwrap_err();
            assert!(error.contains("\"a\""), "{error}");
        }
    }

    #[test]
    fn an_invalid_annotation_is_an_error() {
        // N-HTTP-09
        let keyword = |name: Value| json!({ "type": "string", "x-mcp-header": name });
        let good = keyword(json!("A"));
        for (schema, reason) in [
            (on(keyword(json!(""))), "not a header name"),
            (on(keyword(json!("a b"))), "not a header name"),
            (on(keyword(json!("a:b"))), "not a header name"),
            (on(keyword(json!("\u{e9}"))), "not a header name"),
            (on(keyword(json!("a\r\nb"))), "not a header name"),
            (on(keyword(json!(7))), "not a header name"),
            (on(json!({ "type": "number", "x-mcp-header": "A" })), "expected an argument of type"),
            (on(json!({ "type": "object", "x-mcp-header": "A" })), "expected an argument of type"),
            (
                on(json!({ "type": ["string", "array"], "x-mcp-header": "A" })),
                "expected an argument of type",
            ),
            (on(json!({ "x-mcp-header": "A" })), "expected an argument of type"),
            (on(json!({ "type": "array", "items": good })), "not reachable"),
            (on(json!({ "anyOf": [good] })), "not reachable"),
            (on(json!({ "not": good })), "not reachable"),
            (json!({ "type": "object", "$defs": { "d": good } }), "not reachable"),
            (json!({ "type": "object", "x-mcp-header": "A" }), "expected an argument of type"),
            (json!({ "properties": { "a": good, "b": keyword(json!("a")) } }), "duplicate"),
        ] {
            let error = headers(schema.clone()).unwrap_err();
            assert!(error.contains(reason), "{schema}: {error}");
        }
    }

    #[test]
    fn annotations_count_only_in_schemas() {
        for schema in [
            on(json!({ "type": "string", "default": { "x-mcp-header": "" } })),
            json!({ "type": "object", "properties": { "x-mcp-header": { "type": "number" } } }),
            on(json!({ "enum": [{ "x-mcp-header": "" }] })),
        ] {
            assert_eq!(headers(schema.clone()), Ok(Vec::new()), "{schema}");
        }
    }
}
