//! Headers that repeat what is in the body: how values are written, and which arguments a tool
//! wants to see there (MCP transports, "Custom Headers" and "HeaderValue Encoding").

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

/// An argument that is repeated in the header `Mcp-Param-{header}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Annotation {
    pub(crate) header: String,
    /// The names of the properties that lead to it.
    path: Vec<String>,
}

/// What the header of an argument has to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderValue {
    /// There must be no header.
    Absent,
    Text(String),
    /// The argument is not what its schema says.
    Other,
}

/// The text that a header value stands for.
pub(crate) fn decoded(value: &str) -> Result<String, &'static str> {
    let Some(encoded) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="))
    else {
        return Ok(value.to_owned());
    };
    let bytes = STANDARD.decode(encoded).map_err(|_| "what looks like base64 is not")?;
    String::from_utf8(bytes).map_err(|_| "what is in base64 is not UTF-8")
}

/// The arguments that a tool wants in headers, or why clients have to leave the tool out.
pub(crate) fn annotations(schema: &Json) -> Result<Vec<Annotation>, String> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), &mut found)?;
    let mut seen = HashSet::new();
    match found.iter().find(|it| !seen.insert(it.header.to_ascii_lowercase())) {
        Some(twice) => Err(format!("x-mcp-header {:?} is there twice", twice.header)),
        None => Ok(found),
    }
}

impl Annotation {
    pub(crate) fn value(&self, arguments: &Json) -> HeaderValue {
        let mut value = arguments;
        for name in &self.path {
            value = value.get(name).unwrap_or(&Json::Null);
        }
        match value {
            Json::Null => HeaderValue::Absent,
            Json::String(text) => HeaderValue::Text(text.clone()),
            Json::Bool(truth) => HeaderValue::Text(truth.to_string()),
            Json::Number(number) if number.is_i64() => HeaderValue::Text(number.to_string()),
            _ => HeaderValue::Other,
        }
    }
}

const ANNOTATION: &str = "x-mcp-header";

/// Follows `properties`, the only way on which annotations may be.
fn collect(
    schema: &Json,
    path: &mut Vec<String>,
    found: &mut Vec<Annotation>,
) -> Result<(), String> {
    let Json::Object(keywords) = schema else {
        return Ok(());
    };
    for (keyword, value) in keywords {
        match (keyword.as_str(), value) {
            (ANNOTATION, header) => found.push(annotation(header, schema, path)?),
            ("properties", Json::Object(properties)) => {
                for (name, property) in properties {
                    path.push(name.clone());
                    collect(property, path, found)?;
                    path.pop();
                }
            }
            // These hold values, not schemas.
            ("default" | "const" | "enum" | "examples", _) => {}
            (_, other) if mentions(other) => {
                return Err(format!("{ANNOTATION} below {keyword:?}"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn annotation(header: &Json, schema: &Json, path: &[String]) -> Result<Annotation, String> {
    let Some(name) = header.as_str().filter(|name| is_token(name)) else {
        return Err(format!("{ANNOTATION} is {header}, not a name for a header"));
    };
    let types = match &schema["type"] {
        Json::Array(types) => types.iter().filter(|it| *it != "null").collect(),
        one => vec![one],
    };
    let primitive = |it: &&Json| ["string", "integer", "boolean"].iter().any(|name| *it == name);
    if path.is_empty() || types.is_empty() || !types.iter().all(primitive) {
        return Err(format!("{ANNOTATION} {name:?} is on a type that has no place in a header"));
    }
    Ok(Annotation { header: name.to_owned(), path: path.to_vec() })
}

fn mentions(json: &Json) -> bool {
    match json {
        Json::Object(members) => members.iter().any(|(key, it)| key == ANNOTATION || mentions(it)),
        Json::Array(items) => items.iter().any(mentions),
        _ => false,
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn headers(properties: &Json) -> Result<Vec<String>, String> {
        let found = annotations(&json!({ "type": "object", "properties": properties }))?;
        Ok(found.into_iter().map(|it| format!("{}={}", it.header, it.path.join("."))).collect())
    }

    #[test]
    fn annotations_are_on_the_way_of_properties() {
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
    fn a_wrong_annotation_spoils_the_tool() {
        // N-HTTP-09
        for (property, reason) in [
            (json!({ "type": "string", "x-mcp-header": "" }), "not a name"),
            (json!({ "type": "string", "x-mcp-header": "a b" }), "not a name"),
            (json!({ "type": "string", "x-mcp-header": 1 }), "not a name"),
            (json!({ "type": "number", "x-mcp-header": "N" }), "no place in a header"),
            (json!({ "x-mcp-header": "N" }), "no place in a header"),
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
    fn values_are_written_as_text() {
        let text = |text: &str| HeaderValue::Text(text.to_owned());
        let annotation = Annotation { header: "A".to_owned(), path: vec!["a".to_owned()] };
        for (argument, expected) in [
            (json!("x"), text("x")),
            (json!(-7), text("-7")),
            (json!(true), text("true")),
            (json!(null), HeaderValue::Absent),
            (json!([1]), HeaderValue::Other),
        ] {
            assert_eq!(annotation.value(&json!({ "a": argument })), expected);
        }
        assert_eq!(annotation.value(&json!({})), HeaderValue::Absent);
    }

    #[test]
    fn base64_is_told_by_its_markers() {
        assert_eq!(decoded("=?base64?w7xiZXI=?=").as_deref(), Ok("über"));
        assert_eq!(decoded("=?base64??=").as_deref(), Ok(""));
        assert_eq!(decoded("=?BASE64?w7w=?=").as_deref(), Ok("=?BASE64?w7w=?="));
        assert_eq!(decoded("").as_deref(), Ok(""));
        assert!(decoded("=?base64?%?=").is_err());
        assert!(decoded("=?base64?/w==?=").is_err());
    }
}
