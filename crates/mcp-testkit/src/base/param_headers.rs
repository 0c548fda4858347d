//! Parameter headers (`Mcp-Param-*`): their arguments and their encoding (MCP transports, "Custom
//! Headers" and "Value Encoding").

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

/// An argument that the client also sends in the header `Mcp-Param-{name}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ParamHeader {
    pub(crate) name: String,
    /// The property names from the root of the arguments to the value.
    path: Vec<String>,
}

/// The expected value of a parameter header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ParamValue {
    /// There must be no header.
    Absent,
    Text(String),
    /// The argument does not match its schema.
    Invalid,
}

/// Decodes a header value, which may be encoded in base64.
pub(crate) fn decode_value(value: &str) -> Result<String, &'static str> {
    let Some(encoded) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="))
    else {
        return Ok(value.to_owned());
    };
    let bytes = STANDARD.decode(encoded).map_err(|_| "invalid base64")?;
    String::from_utf8(bytes).map_err(|_| "decoded base64 is not UTF-8")
}

/// Returns the parameter headers that an input schema declares. Returns an error if the tool is
/// invalid, and clients must skip it.
pub(crate) fn param_headers(schema: &Json) -> Result<Vec<ParamHeader>, String> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), &mut found)?;
    let mut seen = HashSet::new();
    match found.iter().find(|it| !seen.insert(it.name.to_ascii_lowercase())) {
        Some(twice) => Err(format!("duplicate {X_MCP_HEADER} {:?}", twice.name)),
        None => Ok(found),
    }
}

impl ParamHeader {
    pub(crate) fn value(&self, arguments: &Json) -> ParamValue {
        let mut value = arguments;
        for name in &self.path {
            value = value.get(name).unwrap_or(&Json::Null);
        }
        match value {
            Json::Null => ParamValue::Absent,
            Json::String(text) => ParamValue::Text(text.clone()),
            Json::Bool(truth) => ParamValue::Text(truth.to_string()),
            Json::Number(number) if number.is_i64() => ParamValue::Text(number.to_string()),
            _ => ParamValue::Invalid,
        }
    }
}

const X_MCP_HEADER: &str = "x-mcp-header";

/// Collects annotations below `properties`, the only place where they are allowed.
fn collect(
    schema: &Json,
    path: &mut Vec<String>,
    found: &mut Vec<ParamHeader>,
) -> Result<(), String> {
    let Json::Object(keywords) = schema else {
        return Ok(());
    };
    for (keyword, value) in keywords {
        match (keyword.as_str(), value) {
            (X_MCP_HEADER, header) => found.push(param_header(header, schema, path)?),
            ("properties", Json::Object(properties)) => {
                for (name, property) in properties {
                    path.push(name.clone());
                    collect(property, path, found)?;
                    path.pop();
                }
            }
            // These keywords contain values, not schemas.
            ("default" | "const" | "enum" | "examples", _) => {}
            (_, other) if contains_annotation(other) => {
                return Err(format!("{X_MCP_HEADER} not allowed below {keyword:?}"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn param_header(header: &Json, schema: &Json, path: &[String]) -> Result<ParamHeader, String> {
    let Some(name) = header.as_str().filter(|name| is_token(name)) else {
        return Err(format!("{X_MCP_HEADER}: expected a header name, got {header}"));
    };
    let types = match &schema["type"] {
        Json::Array(types) => types.iter().filter(|it| *it != "null").collect(),
        one => vec![one],
    };
    let primitive = |it: &&Json| ["string", "integer", "boolean"].iter().any(|name| *it == name);
    if path.is_empty() || types.is_empty() || !types.iter().all(primitive) {
        return Err(format!(
            "{X_MCP_HEADER} {name:?}: only allowed for strings, integers and booleans"
        ));
    }
    Ok(ParamHeader { name: name.to_owned(), path: path.to_vec() })
}

fn contains_annotation(json: &Json) -> bool {
    match json {
        Json::Object(members) => {
            members.iter().any(|(key, it)| key == X_MCP_HEADER || contains_annotation(it))
        }
        Json::Array(items) => items.iter().any(contains_annotation),
        _ => false,
    }
}

/// Returns `true` if `name` is a token (RFC 9110, section 5.6.2).
fn is_token(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn headers(properties: &Json) -> Result<Vec<String>, String> {
        let found = param_headers(&json!({ "type": "object", "properties": properties }))?;
        Ok(found.into_iter().map(|it| format!("{}={}", it.name, it.path.join("."))).collect())
    }

    #[test]
    fn finds_annotations_only_below_properties() {
        let region = json!({ "type": "string", "x-mcp-header": "Region" });
        let nested = json!({ "type": "object", "properties": { "b": region } });
        assert_eq!(headers(&json!({ "a": nested })), Ok(vec!["Region=a.b".to_owned()]));
        let nullable = json!({ "type": ["null", "integer"], "x-mcp-header": "N" });
        assert_eq!(headers(&json!({ "a": nullable })), Ok(vec!["N=a".to_owned()]));
        let named = json!({ "x-mcp-header": { "type": "string" } });
        assert_eq!(headers(&named), Ok(vec![]), "a property may have that name");
        let value = json!({ "a": { "type": "object", "default": { "x-mcp-header": "no" } } });
        assert_eq!(headers(&value), Ok(vec![]));
    }

    #[test]
    fn rejects_invalid_and_duplicate_annotations() {
        // N-HTTP-09
        for (property, reason) in [
            (json!({ "type": "string", "x-mcp-header": "" }), "expected a header name"),
            (json!({ "type": "string", "x-mcp-header": "a b" }), "expected a header name"),
            (json!({ "type": "string", "x-mcp-header": 1 }), "expected a header name"),
            (
                json!({ "type": "number", "x-mcp-header": "N" }),
                "only allowed for strings, integers and booleans",
            ),
            (json!({ "x-mcp-header": "N" }), "only allowed for strings, integers and booleans"),
            (
                json!({ "type": "array", "items": { "type": "string", "x-mcp-header": "N" } }),
                "below \"items\"",
            ),
            (json!({ "anyOf": [{ "type": "string", "x-mcp-header": "N" }] }), "below \"anyOf\""),
        ] {
            let error = headers(&json!({ "a": property })).expect_err(reason);
            assert!(error.contains(reason), "{error}");
        }
        let twice = |header| json!({ "type": "string", "x-mcp-header": header });
        assert!(headers(&json!({ "a": twice("N"), "b": twice("n") })).is_err());
    }

    #[test]
    fn converts_primitive_arguments_to_text() {
        let text = |text: &str| ParamValue::Text(text.to_owned());
        let param_header = ParamHeader { name: "A".to_owned(), path: vec!["a".to_owned()] };
        for (argument, expected) in [
            (json!("x"), text("x")),
            (json!(-7), text("-7")),
            (json!(true), text("true")),
            (json!(null), ParamValue::Absent),
            (json!([1]), ParamValue::Invalid),
        ] {
            assert_eq!(param_header.value(&json!({ "a": argument })), expected);
        }
        assert_eq!(param_header.value(&json!({})), ParamValue::Absent);
    }

    #[test]
    fn decodes_base64_only_between_its_markers() {
        assert_eq!(decode_value("=?base64?w7xiZXI=?=").as_deref(), Ok("über"));
        assert_eq!(decode_value("=?base64??=").as_deref(), Ok(""));
        assert_eq!(decode_value("=?BASE64?w7w=?=").as_deref(), Ok("=?BASE64?w7w=?="));
        assert_eq!(decode_value("").as_deref(), Ok(""));
        assert!(decode_value("=?base64?%?=").is_err());
        assert!(decode_value("=?base64?/w==?=").is_err());
    }
}
