//! Descriptions for requirements that a schema of the provider cannot express.

use serde_json::{Value, json};

use crate::conversion::normal_form::{Alternative, Keywords, Kind};

/// Returns the schema of a string that contains JSON.
pub(crate) fn json_string() -> Alternative {
    let mut text = Alternative::from(Kind::String);
    text.annotations.insert("description".to_owned(), json!("(a string that contains JSON)"));
    text
}

/// Returns the schema of a text that may also be the JSON of an array or an object.
pub(crate) fn text_or_json() -> Alternative {
    let mut text = Alternative::from(Kind::String);
    let hint = "(a text; an array or object is given as JSON)";
    text.annotations.insert("description".to_owned(), json!(hint));
    text
}

/// Returns a description of keywords that the provider does not support.
pub(crate) fn described(unsupported: &Keywords) -> Keywords {
    let short = unsupported.iter().filter(|(_, value)| !value.is_array() && !value.is_object());
    let hints: Vec<_> = short.map(|(keyword, value)| format!("{keyword}: {value}")).collect();
    let text = (!hints.is_empty()).then(|| json!(format!("({})", hints.join(", "))));
    text.map(|text| ("description".to_owned(), text)).into_iter().collect()
}

/// Merges annotations. The outer ones take precedence, and descriptions are joined.
pub(crate) fn merged(mut outer: Keywords, inner: Keywords) -> Keywords {
    for (keyword, value) in inner {
        match (outer.get_mut(&keyword), value) {
            (Some(Value::String(own)), Value::String(more)) if keyword == "description" => {
                if !own.ends_with(&*more) {
                    *own = format!("{own} {more}");
                }
            }
            (Some(_), _) => {}
            (None, value) => {
                outer.insert(keyword, value);
            }
        }
    }
    outer
}

/// Returns whether a value contains a `$ref`. Its target would differ in the converted schema.
pub(crate) fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(refers),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}
